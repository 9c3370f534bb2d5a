import assert from "node:assert/strict";
import { join } from "node:path";
import type { Json } from "../../lab/kubernetes/object.ts";
import { eventually } from "../cluster/eventually.ts";
import { Engine } from "./engine.ts";
import { KNATIVE, OTHER_RULES, rulesSetting, settingsOf, SMALL_KNATIVE } from "./fixtures.ts";
import { RealCluster } from "./real-cluster.ts";
import { differences } from "./values.ts";

describe("the stack dev under the real engine, on a real Kubernetes API, with Knative's release manifests", () => {
  let cluster: RealCluster;
  let engine: Engine;
  /** What the API comes with. */
  let given: Map<string, Json>;

  before(async function () {
    // a first run builds the control plane's programs
    this.timeout(45 * 60_000);
    if (KNATIVE === SMALL_KNATIVE) {
      console.log("skipped, because Knative's release manifests are not in ../shared/knative/1.23.0; KNATIVE_MANIFESTS names another folder");
      this.skip();
    }
    cluster = await RealCluster.start();
    given = await cluster.objects();
    engine = await Engine.start("dev", cluster, settingsOf(KNATIVE));
  });

  beforeEach(function () {
    this.timeout(300_000);
  });

  after(async function () {
    this.timeout(60_000);
    await (engine as Engine | undefined)?.stop();
    await (cluster as RealCluster | undefined)?.stop();
  });

  /** What the stack has made, by label. */
  async function made(): Promise<Map<string, Json>> {
    return new Map([...(await cluster.objects())].filter(([label]) => !given.has(label)));
  }

  it("is up with the first `up`", async () => {
    const { outputs } = await engine.up();
    assert.equal(outputs["brokerUrl"], "http://broker-ingress.knative-eventing.svc.cluster.local/default/default");
    const labels = new Set((await made()).keys());
    for (const label of ["Deployment knative-serving/controller", "Broker default/default", "KService default/responder", "KService default/responder-dead-letter", "Trigger default/alerts", "Trigger default/responses"]) {
      assert.ok(labels.has(label), `${label} is not among ${[...labels].join(", ")}`);
    }
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
    await engine.up();
    const after = await made();
    const hashless = (label: string): string => label.replace(/-[0-9a-f]{10}$/, "-HASH");
    const changed = [...after].flatMap(([label, object]) => {
      const paths = before.has(label) ? differences(before.get(label), object) : ["(new)"];
      return paths.map((path) => `${hashless(label)}: ${path}`);
    });
    assert.deepEqual(changed.sort(), [
      "ClusterRole responder: rules",
      "ConfigMap default/responder-rules-HASH: (new)",
      "KService default/responder: spec.template.spec.volumes",
      "Trigger default/alerts: spec.filters",
    ]);
    assert.deepEqual([...before.keys()].filter((label) => !after.has(label)).map(hashless), ["ConfigMap default/responder-rules-HASH"]);
  });

  it("leaves nothing behind with `destroy`", async () => {
    await engine.destroy();
    await eventually("nothing is left", async () => [...(await made()).keys()].length === 0, { seconds: 60, every: 1000 }).catch(async () => {
      assert.deepEqual([...(await made()).keys()], []);
    });
  });
});
