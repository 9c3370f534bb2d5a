import assert from "node:assert/strict";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";
import { respond } from "../../../responder/engine/respond.ts";
import { PAUSED, Switch } from "../../../responder/engine/switch.ts";
import { connect } from "../../../responder/kubernetes/client.ts";
import type { Cluster } from "../../../responder/kubernetes/cluster.ts";
import { CONFIGMAPS } from "../../../responder/kubernetes/resources.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { alert, apiError, cluster, engine, rules } from "../fixtures.ts";
import { quietly } from "../quietly.ts";

const OBJECT = { namespace: "default", name: "responder-switch" };
const AT = { resource: CONFIGMAPS, ...OBJECT };

/** A cluster that gives nothing to follow, whose ConfigMap has these annotations. */
function unfollowed(annotations: Record<string, string> | undefined): Cluster {
  return {
    ...cluster({}),
    metadata: () =>
      annotations ? Promise.resolve({ metadata: { annotations } }) : Promise.reject(apiError(404, "not found")),
  };
}

describe("the switch", () => {
  quietly();
  let folder: string;
  let kubernetes: Kubernetes;
  let api: Cluster;
  let made: Switch[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-switch-"));
    kubernetes = await startKubernetes();
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubernetes.kubeconfig(kubernetes.adminToken));
    api = connect(5000, file);
    made = [];
    await api.create(
      { resource: CONFIGMAPS, namespace: "default" },
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: OBJECT,
      },
    );
  });
  afterEach(async () => {
    for (const one of made) one.stop();
    await kubernetes.close();
    rmSync(folder, { recursive: true });
  });

  function switchOn(on: Cluster): Switch {
    const one = new Switch(on, OBJECT);
    made.push(one);
    return one;
  }
  const annotate = (value: string | null) => api.patch(AT, { metadata: { annotations: { [PAUSED]: value } } });

  it("stops and starts every replica within two seconds, without a request more for each response", async () => {
    const replicas = [1, 2, 3].map(() => switchOn(api));
    const states = () => Promise.all(replicas.map((one) => one.isOff()));
    assert.deepEqual(await states(), [false, false, false]);
    const asked = kubernetes.requests.length;
    for (const [value, off] of [
      ["true", true],
      [null, false],
      ["true", true],
      ["false", false],
    ] as const) {
      const since = performance.now();
      await annotate(value);
      await eventually("each replica to know", async () => (await states()).every((one) => one === off));
      assert.ok(performance.now() - since < 2000);
    }
    const verbs = kubernetes.requests.slice(asked).map(({ verb }) => verb);
    assert.deepEqual(
      verbs.filter((verb) => verb !== "watch"),
      ["patch", "patch", "patch", "patch"],
    );
  });

  it("is known before the first response of a replica that starts while it is off", async () => {
    await annotate("true");
    assert.equal(await switchOn(api).isOff(), true);
  });

  it("is on again where the ConfigMap goes", async () => {
    await annotate("true");
    const one = switchOn(api);
    assert.equal(await one.isOff(), true);
    const { metadata } = await api.metadata(AT);
    await api.delete(AT, { uid: metadata?.uid ?? "" });
    await eventually("it to be on", async () => !(await one.isOff()));
  });

  it("is read each time where it can't be followed", async () => {
    assert.equal(await switchOn(unfollowed({ [PAUSED]: "true" })).isOff(), true);
    assert.equal(await switchOn(unfollowed({})).isOff(), false);
    assert.equal(await switchOn(unfollowed(undefined)).isOff(), false);
  });

  it("lets nothing be done where nobody can tell how it stands", async () => {
    const on = { ...cluster({}), metadata: () => Promise.reject(apiError(503, "down")) };
    const off = switchOn(on);
    await assert.rejects(respond(alert(), "key", engine(on, { switch: off })), { name: "RetryLater" });
    assert.ok(on.calls.every(({ verb }) => verb !== "delete"));
  });

  it("answers alerts as held, with the rule that would have acted, and asks nothing of the API", async () => {
    const on = cluster({});
    const kept = rules(`
- rule: Keep the log
  match: {rules: [Terminal shell in container]}
  actions: [{action: Log, actionner: "kubernetes:log"}, {action: End, actionner: "kubernetes:terminate"}]`);
    const off = switchOn(unfollowed({ [PAUSED]: "true" }));
    const told = await respond(alert(), "key", engine(on, { rules: kept, switch: off, deduplicationSeconds: 60 }));
    assert.ok("response" in told);
    assert.deepEqual(
      told.steps.map(({ rule, outcome }) => [rule, outcome]),
      [["Keep the log", "held"]],
    );
    assert.equal(told.response.priority, "Warning");
    assert.match(
      told.response.output,
      /all responses are stopped \(response-engine\.io\/paused on ConfigMap default\/r/,
    );
    assert.deepEqual(on.calls, []);
  });

  it("holds nothing that would only have been told", async () => {
    const dry = engine(cluster({}), { switch: switchOn(unfollowed({ [PAUSED]: "true" })) });
    const told = await respond(alert(), "key", { ...dry, rules: dry.rules.map((rule) => ({ ...rule, dryRun: true })) });
    assert.equal(told.outcome, "dry-run");
  });

  it("stops alerts that come all the time, in every replica", async () => {
    const replicas = [1, 2, 3].map(() => switchOn(api));
    const [deleted, held] = [new Set<number>(), new Set<number>()];
    let stoppedAt = Infinity;
    let late = 0;
    const answerAll = async (replica: Switch) => {
      const on: Cluster = {
        ...cluster({}),
        delete: () => {
          if (performance.now() - stoppedAt > 2000) late++;
          return Promise.resolve({ metadata: { deletionTimestamp: "2026-11-23T16:32:00Z" } });
        },
      };
      const by = engine(on, { switch: replica });
      for (let i = 0; held.size < 300; i++) {
        const { outcome } = await respond(alert(), `key-${i}`, by);
        (outcome === "held" ? held : deleted).add(held.size + deleted.size);
        await new Promise((go) => setImmediate(go));
      }
    };
    const answering = Promise.all(replicas.map(answerAll));
    await eventually("some responses", () => Promise.resolve(deleted.size > 30));
    stoppedAt = performance.now();
    await annotate("true");
    await answering;
    assert.equal(late, 0);
    assert.equal(held.size >= 300, true);
  });
});
