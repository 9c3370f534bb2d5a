import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { Engine } from "../../../responder/engine/engine.ts";
import { ResponseLimits } from "../../../responder/engine/limits.ts";
import { respond, type Verdict } from "../../../responder/engine/respond.ts";
import { Gate } from "../../../responder/gate.ts";
import type { Rates } from "../../../responder/formats.ts";
import type { Cluster } from "../../../responder/kubernetes/cluster.ts";
import { alert, apiError, cluster, container, CONTAINER_ID, engine, rules, unreachable } from "../fixtures.ts";
import { quietly } from "../quietly.ts";

const NONE: Rates = { workload: "0", namespace: "0", node: "0", total: "0" };

/** The pod of a Deployment, as the API shows it. */
function podOf(name: string, { node = "node-1", owner = "web" } = {}) {
  return {
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      labels: { "pod-template-hash": "5d9c" },
      deletionTimestamp: "2026-11-23T16:32:00Z",
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: `${owner}-5d9c`, uid: `uid-${owner}`, controller: true },
      ],
    },
    spec: { nodeName: node, containers: [{ name: "app" }] },
    status: { containerStatuses: [container("app", { containerID: CONTAINER_ID })] },
  };
}

interface Answers {
  /** Which workload and node a pod is of. */
  of?: (name: string) => { node?: string; owner?: string };
  /** Before the deletion is answered. */
  deleting?: (name: string) => Promise<void> | void;
}

/** A cluster of pods that are all there, which keeps the names of those deleted. */
function pods({ of = () => ({}), deleting }: Answers = {}): Cluster & { reads: string[]; deleted: string[] } {
  const [reads, deleted]: [string[], string[]] = [[], []];
  return {
    ...cluster({}),
    reads,
    deleted,
    get: ({ name = "" }) => {
      reads.push(name);
      return Promise.resolve(podOf(name, of(name)) as never);
    },
    delete: async ({ name = "" }) => {
      await turn();
      await deleting?.(name);
      deleted.push(name);
      return podOf(name, of(name));
    },
  };
}

/** Answers an alert of a pod, whose uid is its own. */
function answer(name: string, by: Engine, fields: Record<string, unknown> = {}): Promise<Verdict> {
  const about = alert({ "k8s.pod.name": name, "k8s.pod.uid": `uid-${name}`, ...fields });
  return respond(about, `key-${name}`, by);
}

const limited = (rates: Partial<Rates>, now?: () => number) => new ResponseLimits({ ...NONE, ...rates }, now);
const outcomeOf = (verdict: Verdict) => verdict.outcome;

describe("response limits", () => {
  quietly();

  it("hold what goes beyond, settled, one priority higher, and say which limit, how much is used and when it opens", async () => {
    const on = pods();
    const by = engine(on, { limits: limited({ workload: "2/600" }, () => Date.parse("2026-11-23T16:00:00Z")) });
    for (const name of ["web-1", "web-2"]) assert.equal(outcomeOf(await answer(name, by)), "terminated");
    const told = await answer("web-3", by);
    assert.ok(told.outcome !== "no-match");
    assert.equal(told.outcome, "held");
    assert.equal(told.response.priority, "Warning");
    assert.equal(told.response.output_fields["response.outcome"], "held");
    assert.equal(
      told.response.output,
      'Response to "Terminal shell in container": held: kubernetes:terminate was not run on pod default/web-3, as 2 of 2 ' +
        "within 600 s are used for workload default/Deployment/web (responseLimits.workload); this opens at " +
        "2026-11-23T16:10:00.000Z",
    );
    assert.deepEqual(on.deleted, ["web-1", "web-2"]);
  });

  it("open again when the window has gone on", async () => {
    let now = 0;
    const by = engine(pods(), { limits: limited({ total: "1/600" }, () => now) });
    assert.equal(outcomeOf(await answer("web-1", by)), "terminated");
    now = 599_999;
    assert.equal(outcomeOf(await answer("web-2", by)), "held");
    now = 600_000;
    assert.equal(outcomeOf(await answer("web-3", by)), "terminated");
  });

  it("ask nothing more of the API before a delete as long as no workload or node there can be at its limit", async () => {
    const on = pods();
    const by = engine(on, {
      limits: limited({ workload: "3/600", node: "3/600", namespace: "9/600", total: "9/600" }),
    });
    for (const name of ["web-1", "web-2", "web-3"]) await answer(name, by);
    assert.deepEqual(on.reads, []);
    assert.equal(outcomeOf(await answer("web-4", by)), "held");
    assert.deepEqual(on.reads, ["web-4"]);
  });

  it("let another workload of the namespace, and another node, go on", async () => {
    const of = (name: string) => (name.startsWith("web") ? {} : { owner: "cart", node: "node-2" });
    const by = engine(pods({ of }), { limits: limited({ workload: "1/600", node: "1/600" }) });
    assert.equal(outcomeOf(await answer("web-1", by)), "terminated");
    assert.equal(outcomeOf(await answer("cart-1", by)), "terminated");
    assert.equal(outcomeOf(await answer("web-2", by)), "held");
    assert.equal(outcomeOf(await answer("cart-2", by)), "held");
  });

  it("hold by the node, whatever the workloads on it", async () => {
    const by = engine(pods({ of: (name) => ({ owner: name }) }), { limits: limited({ node: "2/600" }) });
    for (const name of ["a", "b"]) assert.equal(outcomeOf(await answer(name, by)), "terminated");
    const told = await answer("c", by);
    assert.ok("response" in told);
    assert.match(told.response.output, /used for node node-1 \(responseLimits\.node\)/);
  });

  it("count nothing where nothing was done: the pod gone, the API refusing", async () => {
    const failures = [apiError(404, 'pods "x" not found'), apiError(403, "forbidden")];
    const deleting = () => {
      const failure = failures.pop();
      if (failure) throw failure;
    };
    const by = engine(pods({ deleting }), { limits: limited({ total: "1/600" }) });
    assert.equal(outcomeOf(await answer("web-1", by)), "failed");
    assert.equal(outcomeOf(await answer("web-2", by)), "gone");
    assert.equal(outcomeOf(await answer("web-3", by)), "terminated");
    assert.equal(outcomeOf(await answer("web-4", by)), "held");
  });

  it("count what the API may have done though it gave no answer, and let the same alert's retry through", async () => {
    let fails = true;
    const deleting = () => {
      if (fails) throw apiError(504, "gateway time-out");
    };
    const lost = engine(pods({ deleting }), { limits: limited({ total: "1/600" }) });
    await assert.rejects(answer("web-1", lost), { name: "RetryLater" });
    fails = false;
    assert.equal(outcomeOf(await answer("web-1", lost)), "terminated");
    assert.equal(outcomeOf(await answer("web-2", lost)), "held");
    await assert.rejects(
      answer(
        "x",
        engine(pods({ deleting: () => Promise.reject(unreachable()) }), { limits: limited({ total: "1/600" }) }),
      ),
      { name: "RetryLater" },
    );
  });

  it("count an action on a pod once, however many alerts it raises, where doing it again changes nothing", async () => {
    const quarantine = rules(`
- rule: Quarantine
  match: {rules: [Terminal shell in container]}
  actions: [{action: Off, actionner: "kubernetes:quarantine"}]`);
    const labelled = { ...podOf("web-1"), metadata: { ...podOf("web-1").metadata, labels: { app: "web" } } };
    const on: Cluster = {
      ...cluster({}),
      get: () => Promise.resolve(labelled as never),
      metadata: () => Promise.resolve(labelled),
    };
    const by = engine(on, { rules: quarantine, limits: limited({ total: "1/600" }) });
    const about = alert({ "k8s.pod.name": "web-1", "k8s.pod.uid": "uid-web-1" });
    const outcomes = [];
    for (const key of ["1", "2", "3"]) outcomes.push(outcomeOf(await respond(about, key, by)));
    assert.ok(!outcomes.includes("held"), outcomes.join());
  });

  it("leave alone what disrupts nothing, and stop the rule where its disruptive action is held", async () => {
    const both = rules(`
- rule: Label, end, label
  match: {rules: [Terminal shell in container]}
  actions:
    - {action: L, actionner: "kubernetes:label", parameters: {labels: {seen: "true"}}}
    - {action: T, actionner: "kubernetes:terminate", continue: true}
    - {action: M, actionner: "kubernetes:label", parameters: {labels: {ended: "true"}}}`);
    const by = engine(pods(), { rules: both, limits: limited({ total: "1/600" }) });
    await answer("web-1", by);
    const told = await answer("web-2", by);
    assert.ok("steps" in told);
    assert.deepEqual(
      told.steps.map(({ actionner, outcome }) => [actionner, outcome]),
      [
        ["kubernetes:label", "done"],
        ["kubernetes:terminate", "held"],
      ],
    );
  });

  it("are not gone beyond by alerts that come at once", async () => {
    const on = pods();
    const by = engine(on, { limits: limited({ workload: "5/600" }) });
    const told = await Promise.all(Array.from({ length: 40 }, (_, i) => answer(`web-${i}`, by)));
    assert.equal(on.deleted.length, 5);
    assert.equal(told.filter(({ outcome }) => outcome === "held").length, 35);
  });

  it("hold none of several workloads wrongly that come at once, each within its own limit", async () => {
    const on = pods({ of: (name) => ({ owner: name.split("-")[0] ?? "", node: name }) });
    const by = engine(on, { limits: limited({ workload: "5/600", node: "5/600" }) });
    const names = ["a", "b", "c", "d"].flatMap((owner) => Array.from({ length: 5 }, (_, i) => `${owner}-${i}`));
    const told = await Promise.all(names.map((name) => answer(name, by)));
    assert.deepEqual(new Set(told.map(outcomeOf)), new Set(["terminated"]));
    assert.equal(outcomeOf(await answer("a-9", by)), "held");
  });

  it("bound 300 alerts of one Deployment, 8 at a time, on each of three replicas that count for themselves", async () => {
    const on = pods();
    const replicas = [1, 2, 3].map(() => engine(on, { limits: limited({ workload: "10/600" }) }));
    const gate = new Gate(8);
    const names = Array.from({ length: 300 }, (_, i) => `web-${i}`);
    const told = await Promise.all(names.map((name, i) => gate.run(() => answer(name, replicas[i % 3] ?? engine(on)))));
    assert.equal(on.deleted.length, 30);
    assert.equal(told.filter(({ outcome }) => outcome === "held").length, 270);
  });
});
