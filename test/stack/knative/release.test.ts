import assert from "node:assert/strict";
import { loadKnative, stagesOf, type KubernetesObject, type Manifest } from "../../../stack/knative/manifests.ts";
import { KNATIVE_VERSION, knativeManifests } from "../../support/knative-manifests.ts";

describe(`the manifests of Knative ${KNATIVE_VERSION}`, () => {
  let all: Manifest[];

  before(async function () {
    const manifests = await loadKnative({ version: KNATIVE_VERSION, manifests: knativeManifests(this) });
    all = [...manifests.serving, ...manifests.eventing];
  });

  const objects = (): KubernetesObject[] => all.flatMap((manifest) => manifest.objects);

  it("hold no object twice", () => {
    const keys = objects().map(({ apiVersion, kind, metadata }) =>
      [apiVersion, kind, metadata.namespace, metadata.name].join(" "),
    );
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(keys.length, 218);
  });

  it("lose no object between the stages", () => {
    assert.equal(
      all.flatMap((manifest) => stagesOf(manifest).flatMap((stage) => stage.objects)).length,
      objects().length,
    );
  });

  it("put nothing of another kind than definitions before the webhooks' pods, and no pod after the webhooks", () => {
    for (const manifest of all) {
      const stages = Object.fromEntries(
        stagesOf(manifest).map((stage) => [stage.name, stage.objects.map(({ kind }) => kind)]),
      );
      assert.ok(
        !stages["definitions"]?.some((kind) => ["Deployment", "StatefulSet", "Service"].includes(kind)),
        manifest.name,
      );
      assert.ok(stages["webhooks"]?.every((kind) => kind.endsWith("WebhookConfiguration")) ?? true, manifest.name);
    }
  });

  it("name Kourier as the ingress class", () => {
    const network = objects().find(({ metadata }) => metadata.name === "config-network");
    assert.equal(
      (network?.["data"] as Record<string, string>)["ingress-class"],
      "kourier.ingress.networking.knative.dev",
    );
  });

  it("ask for no load balancer", () => {
    const types = objects()
      .filter(({ kind }) => kind === "Service")
      .map((service) => (service["spec"] as { type?: string }).type);
    assert.ok(!types.includes("LoadBalancer"));
    assert.ok(types.includes("ClusterIP"), "Kourier's, which had one");
  });

  it("have aggregated ClusterRoles, all without rules of ours", () => {
    const aggregated = objects().filter((role) => "aggregationRule" in role);
    assert.ok(aggregated.length > 0);
    assert.ok(aggregated.every((role) => !("rules" in role)));
  });

  it("have webhook configurations, all waited for", () => {
    const webhooks = objects().filter(({ kind }) => kind.endsWith("WebhookConfiguration"));
    assert.equal(webhooks.length, 9);
    assert.ok(webhooks.every(({ metadata }) => metadata.annotations?.["pulumi.com/waitFor"]));
  });
});
