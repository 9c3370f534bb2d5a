import assert from "node:assert/strict";

import { evaluateProgram, type Program } from "../../lab/program/evaluate.ts";
import { loadKnative } from "../../stack/knative/manifests.ts";
import type { Answer, Api } from "../support/api.ts";
import { Applier, labelOf, type NamedObject } from "../support/apply.ts";
import { KNATIVE_VERSION, knativeManifests } from "../support/knative-manifests.ts";
import { objectsOf } from "../support/objects.ts";
import { Schemas } from "./schemas.ts";
import { controlPlane } from "./shared.ts";

/** So that the program has a Secret too. */
const REGISTRY_USER = { registryUsername: "robot", registryPassword: "not a real one" };

describe("the program's objects, applied to a real API", function () {
  this.timeout(300_000);

  let manifests: string;
  let api: Api;
  let applier: Applier;

  before(async function () {
    manifests = knativeManifests(this);
    ({ api } = await controlPlane(this));
    applier = new Applier(api);
    const { serving, eventing } = await loadKnative({ version: KNATIVE_VERSION, manifests });
    const objects = [...serving, ...eventing].flatMap((manifest) => manifest.objects as unknown as NamedObject[]);
    // no more than these, so that nothing is refused for want of Knative's own webhooks
    await applier.demand(objects.filter(({ kind }) => kind === "Namespace" || kind === "CustomResourceDefinition"));
  });

  for (const stack of ["dev", "prod"]) {
    describe(`for ${stack}`, () => {
      let program: Program;
      let accepted: NamedObject[];

      before(async () => {
        program = await evaluateProgram({ stack, config: { "knative:install": false, ...REGISTRY_USER } });
        accepted = objectsOf(program);
      });

      it("are all accepted", async () => {
        assert.deepEqual(await refusals(accepted), []);
      });

      it("have no field that Knative's definitions don't name, also where those let any pass", async () => {
        const schemas = await Schemas.read(api);
        const unknown = accepted.flatMap((object) =>
          schemas.unknownFields(object).map((field) => `${labelOf(object)}: ${field}`),
        );
        assert.deepEqual(unknown, []);
      });

      it("include every kind that the program makes", () => {
        const kinds = new Set(accepted.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));
        assert.deepEqual([...kinds].sort(), [
          "eventing.knative.dev/v1 Broker",
          "eventing.knative.dev/v1 Trigger",
          "networking.k8s.io/v1 NetworkPolicy",
          "rbac.authorization.k8s.io/v1 ClusterRole",
          "rbac.authorization.k8s.io/v1 ClusterRoleBinding",
          "rbac.authorization.k8s.io/v1 Role",
          "rbac.authorization.k8s.io/v1 RoleBinding",
          "serving.knative.dev/v1 Service",
          "v1 ConfigMap",
          "v1 Namespace",
          "v1 Secret",
          "v1 ServiceAccount",
        ]);
      });

      it("are accepted a second time without a change", async () => {
        for (const object of accepted) {
          const [before, after] = [versionOf(await applier.apply(object)), versionOf(await applier.apply(object))];
          assert.equal(after, before, labelOf(object));
        }
      });

      it("would be refused with a field of a wrong name or type", async () => {
        const changed = (kind: string, change: object): NamedObject => {
          const object = accepted.find((one) => one.kind === kind);
          assert.ok(object);
          return { ...object, spec: { ...(object["spec"] as object), ...change } };
        };
        for (const wrong of [
          changed("Service", { templates: {} }),
          changed("Trigger", { filters: "all" }),
          changed("Trigger", { delivery: { retry: "often" } }),
        ]) {
          assert.match((await refusals([wrong])).join(), /templates|filters|retry/);
        }
        // Knative's definition of a Trigger lets this pass, its webhook would not
        assert.deepEqual((await Schemas.read(api)).unknownFields(changed("Trigger", { filterz: [] })), [
          "spec.filterz",
        ]);
      });
    });
  }

  it("are accepted together with all of Knative's, in the program's own order", async () => {
    const config = { "knative:install": true, "knative:version": KNATIVE_VERSION, "knative:manifests": manifests };
    const objects = objectsOf(await evaluateProgram({ stack: "dev", config }));
    assert.equal(objects.length > 200, true, `${objects.length} objects`);
    assert.deepEqual(await refusals(objects), []);
  });

  /** What the API says against the objects. */
  async function refusals(objects: readonly NamedObject[]): Promise<string[]> {
    const refused: string[] = [];
    for (const object of objects) {
      // nobody answers here for Knative's webhooks: once in force, they would refuse all that comes after them
      const dryRun = object.kind.endsWith("WebhookConfiguration");
      const { status, body } = await applier.apply(object, { dryRun });
      if (status >= 300) refused.push(`${labelOf(object)}: ${status} ${JSON.stringify(body["message"])}`);
    }
    return refused;
  }
});

function versionOf({ body }: Answer): unknown {
  return body.metadata?.["resourceVersion"];
}
