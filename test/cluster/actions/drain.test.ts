import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { createBudget } from "../budgets.ts";
import { containerOf, nameOf, type Reply } from "../deliver.ts";
import { createNode, readNode, removeNodes } from "../nodes.ts";
import { isRunning, SLOW, type Pod } from "../workloads.ts";
import { withResponder } from "../with-responder.ts";
import { rulesFile } from "./rules.ts";

const PATIENCE = 2;

const RULES = rulesFile("kubernetes:drain", {
  Drain: {},
  "Drain soon": { max_wait_period: PATIENCE },
  "Drain in the end": { max_wait_period: 100 },
  "Drain soon, but some": { max_wait_period: PATIENCE, wait_period_excluded_namespaces: ["drain"] },
  "Drain all but DaemonSets": { ignore_daemonsets: true },
  "Drain all but StatefulSets": { ignore_statefulsets: true },
  "Drain what has two ready": { min_healthy_replicas: 2 },
  "Drain as far as possible": { ignore_errors: true },
});

describe("kubernetes:drain, against a real API", () => {
  const other = "drain-not";
  const stage = withResponder({
    namespace: "drain",
    guarded: true,
    nodes: [other],
    rules: RULES,
    responder: { config: { responderTimeoutSeconds: 120 } },
  });
  /** The one that is drained. */
  let node: string;
  const nodes: string[] = [];

  beforeEach(async () => {
    node = await createNode(stage.cluster, `drain-${nodes.length}`);
    nodes.push(node);
  });

  after(() => removeNodes(stage.cluster, nodes));

  it("evicts every pod of the node, with or without a controller, and none of another node", async () => {
    const pod = await stage.pods.createPod("drained", { node });
    const owned = (
      await Promise.all(
        (["Deployment", "StatefulSet", "DaemonSet"] as const).map((kind) =>
          stage.pods.createWorkload(kind, `${kind}-drained`, 1, { node }),
        ),
      )
    ).flat();
    const elsewhere = await stage.pods.createPod("elsewhere", { node: other });

    const { status, outcome, said } = await stage.alarm("Drain", pod);
    assert.deepEqual({ status, outcome }, { status: 200, outcome: "done" }, said);
    assert.match(
      said,
      new RegExp(
        `node ${node} is being drained: 4 pods evicted, 4 of them not waited for, 0 left alone, 0 not evicted`,
      ),
    );
    for (const one of [pod, ...owned]) await stage.pods.untilGone(one);
    assert.equal(await isLeftAlone(elsewhere), true);
    assert.equal((await readNode(stage.cluster.api, node)).spec.unschedulable, true, "nothing comes in their place");
    assert.notEqual((await readNode(stage.cluster.api, other)).spec.unschedulable, true);
  });

  describe("given a disruption budget", () => {
    it("that allows no eviction, evicts what it doesn't cover, and comes again for the rest", async () => {
      const [pod, free] = [
        await stage.pods.createPod("held", { labels: { app: "held" }, node }),
        await stage.pods.createPod("not-held", { node }),
      ];
      const budget = await createBudget(stage, "held", { minAvailable: 1 }, 1, 0);
      const uuid = randomUUID();
      assert.equal((await drain(pod, uuid)).status, 503);
      assert.equal(await isLeftAlone(pod), true);
      await stage.pods.untilGone(free);
      await allowAll(budget);
      const { status, outcome, said } = await drain(pod, uuid);
      assert.deepEqual({ status, outcome }, { status: 200, outcome: "done" }, said);
      await stage.pods.untilGone(pod);
    });

    it("that allows none within max_wait_period, tries until then", async () => {
      const pod = await stage.pods.createPod("held-on", { labels: { app: "held-on" }, node });
      await createBudget(stage, "held-on", { minAvailable: 1 }, 1, 0);
      const start = performance.now();
      const { status } = await stage.alarm("Drain soon", pod);
      const seconds = (performance.now() - start) / 1000;
      assert.equal(status, 503, "the alert comes again");
      // it gives up where the next try would be too late
      assert.ok(seconds > PATIENCE - 1, `it took ${seconds} s`);
      assert.equal(await isLeftAlone(pod), true);
    });

    it("that comes to allow it within max_wait_period, evicts the pod then", async () => {
      const [pod, free] = [
        await stage.pods.createPod("let-go", { labels: { app: "let-go" }, node }),
        await stage.pods.createPod("let-go-not-held", { node }),
      ];
      const budget = await createBudget(stage, "let-go", { minAvailable: 1 }, 1, 0);
      const answer = stage.alarm("Drain in the end", pod);
      // the first round of tries
      await stage.pods.untilGone(free);
      assert.equal(await isLeftAlone(pod), true);
      await allowAll(budget);
      const { outcome, said } = await answer;
      assert.equal(outcome, "done", said);
      assert.equal(await stage.pods.isThere(pod), false);
    });

    it("that allows some evictions, makes as many as it allows", async () => {
      const labels = { app: "some-held" };
      // nothing takes the place of such, so that the budget is spent
      const all = await Promise.all(
        [0, 1, 2].map((index) => stage.pods.createPod(`some-held-${index}`, { labels, node })),
      );
      await createBudget(stage, "some-held", { minAvailable: 2 }, 3, 1);
      assert.equal((await stage.alarm("Drain", all[0] as Pod)).status, 503);
      const left = await Promise.all(all.map(isLeftAlone));
      assert.deepEqual(left.sort(), [false, true, true]);
    });

    it("that allows all, evicts all", async () => {
      const all = await stage.pods.createWorkload("ReplicaSet", "none-held", 2, { node });
      await createBudget(stage, "none-held", { maxUnavailable: 2 }, 2, 2);
      const { outcome, said } = await stage.alarm("Drain", all[0]);
      assert.equal(outcome, "done", said);
      for (const one of all) await stage.pods.untilGone(one);
    });

    it("that allows none, counts that as no error where the rule says so", async () => {
      const pod = await stage.pods.createPod("held-as-well", { labels: { app: "held-as-well" }, node });
      await createBudget(stage, "held-as-well", { minAvailable: 1 }, 1, 0);
      const { outcome, said } = await stage.alarm("Drain as far as possible", pod);
      assert.equal(outcome, "done");
      assert.match(
        said,
        new RegExp(`node ${node} is (being )?drained as far as it could be: .*drain/held-as-well: .*disruption budget`),
      );
      assert.equal(await isLeftAlone(pod), true);
    });
  });

  describe("given max_wait_period", () => {
    it("answers when the pods are gone", async () => {
      const slow = { "pod-delete.stage.kwok.x-k8s.io/delay": "2s" };
      const pod = await stage.pods.createPod("slow", { node, annotations: slow });
      const { outcome, said } = await stage.alarm("Drain in the end", pod);
      assert.equal(outcome, "done", said);
      assert.equal(await stage.pods.isThere(pod), false);
    });

    it("says which are still there after it", async () => {
      const pod = await stage.pods.createPod("very-slow", { node, annotations: SLOW });
      const { outcome, said } = await stage.alarm("Drain soon", pod);
      assert.equal(outcome, "failed");
      assert.match(said, /1 not evicted \(drain\/very-slow: it is still there\)/);
      assert.notEqual((await stage.pods.read(pod)).metadata.deletionTimestamp, undefined);
    });

    it("doesn't wait for those of an excluded namespace", async () => {
      const pod = await stage.pods.createPod("not-waited-for", { node, annotations: SLOW });
      const { outcome, said } = await stage.alarm("Drain soon, but some", pod);
      assert.equal(outcome, "done", said);
      assert.notEqual((await stage.pods.read(pod)).metadata.deletionTimestamp, undefined);
    });
  });

  for (const kind of ["DaemonSet", "StatefulSet"] as const) {
    it(`leaves pods of a ${kind} alone where the rule says so`, async () => {
      const pod = await stage.pods.createPod(`with-${kind.toLowerCase()}`, { node });
      const [kept] = await stage.pods.createWorkload(kind, `${kind}-kept`, 1, { node });
      const [owned] = await stage.pods.createWorkload("ReplicaSet", `with-${kind}-drained`, 1, { node });
      const { outcome, said } = await stage.alarm(`Drain all but ${kind}s`, pod);
      assert.equal(outcome, "done", said);
      assert.match(said, /2 pods evicted.*, 1 left alone, 0 not evicted/);
      for (const one of [pod, owned]) await stage.pods.untilGone(one);
      assert.equal(await isLeftAlone(kept), true);
    });
  }

  it("leaves pods alone of which too few are ready", async () => {
    const [pod, ...others] = await stage.pods.createWorkload("ReplicaSet", "two-ready", 2, { node });
    const [single] = await stage.pods.createWorkload("ReplicaSet", "one-ready", 1, { node });
    const { outcome, said } = await stage.alarm("Drain what has two ready", pod);
    assert.equal(outcome, "done", said);
    assert.equal(await isLeftAlone(single), true);
    // the alert's own pod is the last, for which there may be one ready too few by then
    for (const one of others) await stage.pods.untilGone(one);
  });

  it("leaves pods of a protected namespace alone, and the node where one of them raised the alert", async () => {
    const [pod, guarded] = [
      await stage.pods.createPod("unprotected", { node }),
      await stage.protectedPods.createPod("protected", { node }),
    ];
    assert.equal((await stage.alarm("Drain", guarded)).outcome, "ignored");
    assert.equal(await isLeftAlone(pod), true);
    const { outcome, said } = await stage.alarm("Drain", pod);
    assert.equal(outcome, "done", said);
    assert.match(said, /1 pods evicted.*, 1 left alone, 0 not evicted/);
    await stage.pods.untilGone(pod);
    assert.equal(await isLeftAlone(guarded), true);
  });

  it("leaves static pods alone", async () => {
    const [pod, fixed] = [
      await stage.pods.createPod("not-static", { node }),
      await stage.pods.createPod("static", { node, annotations: { "kubernetes.io/config.mirror": "1" } }),
    ];
    const { outcome, said } = await stage.alarm("Drain", pod);
    assert.equal(outcome, "done", said);
    await stage.pods.untilGone(pod);
    assert.equal(await isLeftAlone(fixed), true);
  });

  it("leaves the node alone for a pod that was re-created under the name", async () => {
    const old = await stage.pods.createPod("again", { node, annotations: SLOW });
    const successor = await stage.pods.createAgain(old, { node });
    for (const by of [{ "k8s.pod.uid": old.metadata.uid }, { "container.id": containerOf(old) }]) {
      const { outcome, said } = await stage.deliver("Drain", { ...nameOf(old), ...by });
      assert.equal(outcome, "replaced", said);
    }
    assert.equal(await isLeftAlone(successor), true);
  });

  /** Delivers the alert of that uuid, once more or for the first time. */
  async function drain(pod: Pod, uuid: string): Promise<Reply> {
    return stage.deliver("Drain", { ...nameOf(pod), "k8s.pod.uid": pod.metadata.uid }, { uuid });
  }

  async function allowAll(budget: string): Promise<void> {
    await stage.cluster.api.demand("PATCH", budget, {
      body: { spec: { minAvailable: 0 } },
      contentType: "application/merge-patch+json",
    });
  }

  async function isLeftAlone(pod: Pod): Promise<boolean> {
    const { status, body } = await stage.cluster.api.request<Pod>(
      "GET",
      `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`,
    );
    return status === 200 && body.metadata.uid === pod.metadata.uid && isRunning(body);
  }
});
