import assert from "node:assert/strict";
import { join } from "node:path";
import type { Json } from "../../lab/kubernetes/object.ts";
import { eventually } from "../support/eventually.ts";
import { knativeManifests } from "../support/knative-manifests.ts";
import { assertOtherRules, assertUp, namespaceOf } from "./brought-up.ts";
import { Engine } from "./engine.ts";
import { KNATIVE, OTHER_RULES, ownsKnative, rulesSetting, settingsOf, STACKS } from "./fixtures.ts";
import { RealCluster } from "./real-cluster.ts";

let cluster: RealCluster | undefined;

after(async function () {
  this.timeout(120_000);
  await cluster?.stop();
});

/** One for all of this file; skips what asks for it where there are no manifests that a real API takes. */
async function realCluster(context: Mocha.Context): Promise<RealCluster> {
  // a first run builds the control plane's programs
  context.timeout(45 * 60_000);
  knativeManifests(context);
  return (cluster ??= await RealCluster.start());
}

for (const name of STACKS) {
  describe(`the stack ${name} under the real engine, on a real Kubernetes API, with ${ownsKnative(name) ? "Knative's release manifests" : "Knative's kinds defined"}`, function () {
    this.timeout(900_000);
    const namespace = namespaceOf(name);
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
      const operation = await engine.up();
      const labels = [...(await made()).keys()];
      assertUp(operation, labels, namespace);
      assert.equal(labels.includes("Deployment knative-serving/controller"), ownsKnative(name));
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
      assertOtherRules(await engine.up(), before, await made(), namespace);
    });

    it("leaves nothing behind with `destroy`", async () => {
      await engine.destroy();
      await eventually("nothing is left", async () => (await made()).size === 0, { seconds: 180, every: 1000 }).catch(
        async () => {
          assert.deepEqual([...(await made()).keys()], []);
        },
      );
    });
  });
}
