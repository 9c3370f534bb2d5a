import assert from "node:assert/strict";
import { join } from "node:path";
import type { Json } from "../../lab/kubernetes/object.ts";
import { eventually } from "../support/eventually.ts";
import { Engine } from "./engine.ts";
import { KNATIVE, OTHER_RULES, ownsKnative, rulesSetting, settingsOf, SMALL_KNATIVE, STACKS } from "./fixtures.ts";
import { RealCluster } from "./real-cluster.ts";
import { differences } from "./values.ts";

let cluster: RealCluster | undefined;

after(async function () {
  this.timeout(60_000);
  await cluster?.stop();
});

/** One for all of this file; skips what asks for it where there are no manifests that a real API takes. */
async function realCluster(context: Mocha.Context): Promise<RealCluster> {
  // a first run builds the control plane's programs
  context.timeout(45 * 60_000);
  if (KNATIVE === SMALL_KNATIVE) {
    console.log(
      "skipped, because Knative's release manifests are not in ../shared/knative/1.23.0; KNATIVE_MANIFESTS names another folder",
    );
    context.skip();
  }
  return (cluster ??= await RealCluster.start());
}

for (const name of STACKS) {
  describe(`the stack ${name} under the real engine, on a real Kubernetes API, with ${ownsKnative(name) ? "Knative's release manifests" : "Knative's kinds defined"}`, function () {
    this.timeout(300_000);
    const namespace = name === "prod" ? "response-engine" : "default";
    let engine: Engine;
    let api: RealCluster;
    /** What the API has without the stack. */
    let given: Map<string, Json>;

    before(async function () {
      api = await realCluster(this);
      if (!ownsKnative(name)) await api.defineKnative(KNATIVE);
      given = await api.objects();
      engine = await Engine.start(name, api, settingsOf(KNATIVE));
    });

    after(async () => {
      await (engine as Engine | undefined)?.stop();
    });

    /** What the stack has made, by label. */
    async function made(): Promise<Map<string, Json>> {
      return new Map([...(await api.objects())].filter(([label]) => !given.has(label)));
    }

    it("is up with the first `up`", async () => {
      const { outputs } = await engine.up();
      assert.equal(
        outputs["brokerUrl"],
        `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/default`,
      );
      const labels = new Set((await made()).keys());
      for (const object of [
        "Broker default",
        "KService responder",
        "KService responder-dead-letter",
        "Trigger alerts",
        "Trigger responses",
      ]) {
        const label = object.replace(" ", ` ${namespace}/`);
        assert.ok(labels.has(label), `${label} is not among ${[...labels].join(", ")}`);
      }
      assert.equal(labels.has("Deployment knative-serving/controller"), ownsKnative(name));
    });

    it("has nothing to change with the second `up`", async () => {
      assert.deepEqual((await engine.up()).steps, []);
    });

    it("has nothing to change after a refresh", async () => {
      assert.deepEqual(Object.keys(await engine.refresh()), ["same"]);
    });

    it("touches with other rules the ConfigMap, the Revision, the role and the alert Trigger's filter, and nothing else", async () => {
      const before = await made();
      await engine.set([rulesSetting(join(engine.project, "rules"), "other.yaml", OTHER_RULES)]);
      const { steps } = await engine.up();
      const after = await made();
      const hashless = (label: string): string => label.replace(/-[0-9a-f]{10}$/, "-HASH");
      const changed = [...after].flatMap(([label, object]) => {
        const paths = before.has(label) ? differences(before.get(label), object) : ["(new)"];
        return paths.map((path) => `${hashless(label)}: ${path}`);
      });
      assert.deepEqual(changed.sort(), [
        "ClusterRole responder: rules",
        `ConfigMap ${namespace}/responder-rules-HASH: (new)`,
        `KService ${namespace}/responder: spec.template.spec.volumes`,
        `Trigger ${namespace}/alerts: spec.filters`,
      ]);
      assert.deepEqual([...before.keys()].filter((label) => !after.has(label)).map(hashless), [
        `ConfigMap ${namespace}/responder-rules-HASH`,
      ]);
      assert.deepEqual([...new Set(steps.map((step) => step.split(" ").at(-1)))].sort(), [
        "alerts-trigger",
        "responder-role",
        "responder-rules",
        "responder-service",
      ]);
    });

    it("leaves nothing behind with `destroy`", async () => {
      await engine.destroy();
      await eventually("nothing is left", async () => (await made()).size === 0, { seconds: 60, every: 1000 }).catch(
        async () => {
          assert.deepEqual([...(await made()).keys()], []);
        },
      );
    });
  });
}
