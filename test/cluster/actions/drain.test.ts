import assert from "node:assert/strict";

import type { KubernetesObject } from "../../support/api.ts";
import type { ControlPlane } from "../../support/control-plane.ts";
import { alarm, containerOf, deliver, nameOf } from "../deliver.ts";
import { eventually } from "../../support/eventually.ts";
import { createNode, readNode, removeNodes } from "../nodes.ts";
import { startResponder, type RunningResponder } from "../../support/responder.ts";
import { controlPlane } from "../shared.ts";
import { isRunning, SLOW, Workloads, type Pod } from "../workloads.ts";
import { rulesFile } from "./rules.ts";

const PATIENCE = 2;

const RULES = rulesFile("kubernetes:drain", {
  Drain: {},
  "Drain soon": { max_wait_period: PATIENCE },
  "Drain in the end": { max_wait_period: 30 },
  "Drain soon, but some": { max_wait_period: PATIENCE, wait_period_excluded_namespaces: ["drain"] },
  "Drain all but DaemonSets": { ignore_daemonsets: true },
  "Drain all but StatefulSets": { ignore_statefulsets: true },
  "Drain what has two ready": { min_healthy_replicas: 2 },
  "Drain as far as possible": { ignore_errors: true },
});

interface Budget extends KubernetesObject {
  metadata: { generation: number };
  status?: { observedGeneration?: number; expectedPods: number; disruptionsAllowed: number };
}

describe("kubernetes:drain, against a real API", () => {
  let cluster: ControlPlane;
  let responder: RunningResponder;
  let pods: Workloads;
  let protectedPods: Workloads;
  /** The one that is drained, and one that isn't. */
  let node: string;
  let other: string;
  const nodes: string[] = [];

  before(async function () {
    cluster = await controlPlane(this);
    pods = new Workloads(cluster, "drain");
    protectedPods = new Workloads(cluster, "drain-protected");
    for (const one of [pods, protectedPods]) await one.createNamespace();
    other = await createNode(cluster, "drain-not");
    responder = await startResponder(cluster, RULES, {
      defaultRules: false,
      config: { responderProtectedNamespaces: [protectedPods.namespace] },
    });
  });

  beforeEach(async () => {
    node = await createNode(cluster, `drain-${nodes.length}`);
    nodes.push(node);
  });

  after(async () => {
    await responder.stop();
    await removeNodes(cluster, [other, ...nodes]);
  });

  it("evicts every pod of the node, with or without a controller, and none of another node", async () => {
    const pod = await pods.createPod("drained", { node });
    const owned = (
      await Promise.all(
        (["Deployment", "StatefulSet", "DaemonSet"] as const).map((kind) =>
          pods.createWorkload(kind, `${kind}-drained`, 1, { node }),
        ),
      )
    ).flat();
    const elsewhere = await pods.createPod("elsewhere", { node: other });

    const { status, outcome, said } = await alarm(responder, "Drain", pod);
    assert.deepEqual({ status, outcome }, { status: 200, outcome: "done" }, said);
    assert.match(said, new RegExp(`node ${node} is drained: 4 pods evicted, 0 left alone, 0 not evicted`));
    for (const one of [pod, ...owned]) await pods.untilGone(one);
    assert.equal(await isLeftAlone(elsewhere), true);
    assert.notEqual((await readNode(cluster.api, node)).spec.unschedulable, true);
  });

  describe("given a disruption budget", () => {
    it("that allows no eviction, evicts what it doesn't cover and says why not the rest", async () => {
      const [pod, free] = [
        await pods.createPod("held", { labels: { app: "held" }, node }),
        await pods.createPod("not-held", { node }),
      ];
      await createBudget("held", { minAvailable: 1 }, 1, 0);
      const { status, outcome, said } = await alarm(responder, "Drain", pod);
      assert.deepEqual({ status, outcome }, { status: 200, outcome: "failed" });
      assert.match(
        said,
        new RegExp(
          `node ${node} is not drained: 1 pods evicted, 0 left alone, 1 not evicted \\(drain/held: .*disruption budget`,
        ),
      );
      assert.equal(await isLeftAlone(pod), true);
      await pods.untilGone(free);
    });

    it("that allows none within max_wait_period, tries until then", async () => {
      const pod = await pods.createPod("held-on", { labels: { app: "held-on" }, node });
      await createBudget("held-on", { minAvailable: 1 }, 1, 0);
      const start = performance.now();
      const { outcome, said } = await alarm(responder, "Drain soon", pod);
      const seconds = (performance.now() - start) / 1000;
      assert.equal(outcome, "failed");
      assert.match(said, /1 not evicted \(drain\/held-on: .*disruption budget/);
      // it gives up where the next try would be too late
      assert.equal(seconds > PATIENCE - 1 && seconds < PATIENCE + 3, true, `it took ${seconds} s`);
      assert.equal(await isLeftAlone(pod), true);
    });

    it("that comes to allow it within max_wait_period, evicts the pod then", async () => {
      const [pod, free] = [
        await pods.createPod("let-go", { labels: { app: "let-go" }, node }),
        await pods.createPod("let-go-not-held", { node }),
      ];
      const budget = await createBudget("let-go", { minAvailable: 1 }, 1, 0);
      const answer = alarm(responder, "Drain in the end", pod);
      // the first round of tries
      await pods.untilGone(free);
      assert.equal(await isLeftAlone(pod), true);
      await cluster.api.demand("PATCH", budget, {
        body: { spec: { minAvailable: 0 } },
        contentType: "application/merge-patch+json",
      });
      const { outcome, said } = await answer;
      assert.equal(outcome, "done", said);
      assert.equal(await pods.isThere(pod), false);
    });

    it("that allows some evictions, makes as many as it allows", async () => {
      const labels = { app: "some-held" };
      // nothing takes the place of such, so that the budget is spent
      const all = await Promise.all([0, 1, 2].map((index) => pods.createPod(`some-held-${index}`, { labels, node })));
      await createBudget("some-held", { minAvailable: 2 }, 3, 1);
      const { outcome, said } = await alarm(responder, "Drain", all[0] as Pod);
      assert.equal(outcome, "failed");
      assert.match(said, /1 pods evicted, 0 left alone, 2 not evicted/);
      const left = await Promise.all(all.map(isLeftAlone));
      assert.deepEqual(left.sort(), [false, true, true]);
    });

    it("that allows all, evicts all", async () => {
      const all = await pods.createWorkload("ReplicaSet", "none-held", 2, { node });
      await createBudget("none-held", { maxUnavailable: 2 }, 2, 2);
      const { outcome, said } = await alarm(responder, "Drain", all[0]);
      assert.equal(outcome, "done", said);
      for (const one of all) await pods.untilGone(one);
    });

    it("that allows none, counts that as no error where the rule says so", async () => {
      const pod = await pods.createPod("held-as-well", { labels: { app: "held-as-well" }, node });
      await createBudget("held-as-well", { minAvailable: 1 }, 1, 0);
      const { outcome, said } = await alarm(responder, "Drain as far as possible", pod);
      assert.equal(outcome, "done");
      assert.match(
        said,
        new RegExp(`node ${node} is drained as far as it could be: .*drain/held-as-well: .*disruption budget`),
      );
      assert.equal(await isLeftAlone(pod), true);
    });
  });

  describe("given max_wait_period", () => {
    it("answers when the pods are gone", async () => {
      const slow = { "pod-delete.stage.kwok.x-k8s.io/delay": "2s" };
      const pod = await pods.createPod("slow", { node, annotations: slow });
      const { outcome, said } = await alarm(responder, "Drain in the end", pod);
      assert.equal(outcome, "done", said);
      assert.equal(await pods.isThere(pod), false);
    });

    it("says which are still there after it", async () => {
      const pod = await pods.createPod("very-slow", { node, annotations: SLOW });
      const { outcome, said } = await alarm(responder, "Drain soon", pod);
      assert.equal(outcome, "failed");
      assert.match(said, /1 not evicted \(drain\/very-slow: it is still there\)/);
      assert.notEqual((await pods.read(pod)).metadata.deletionTimestamp, undefined);
    });

    it("doesn't wait for those of an excluded namespace", async () => {
      const pod = await pods.createPod("not-waited-for", { node, annotations: SLOW });
      const { outcome, said } = await alarm(responder, "Drain soon, but some", pod);
      assert.equal(outcome, "done", said);
      assert.notEqual((await pods.read(pod)).metadata.deletionTimestamp, undefined);
    });
  });

  for (const kind of ["DaemonSet", "StatefulSet"] as const) {
    it(`leaves pods of a ${kind} alone where the rule says so`, async () => {
      const pod = await pods.createPod(`with-${kind.toLowerCase()}`, { node });
      const [kept] = await pods.createWorkload(kind, `${kind}-kept`, 1, { node });
      const [owned] = await pods.createWorkload("ReplicaSet", `with-${kind}-drained`, 1, { node });
      const { outcome, said } = await alarm(responder, `Drain all but ${kind}s`, pod);
      assert.equal(outcome, "done", said);
      assert.match(said, /2 pods evicted, 1 left alone, 0 not evicted/);
      for (const one of [pod, owned]) await pods.untilGone(one);
      assert.equal(await isLeftAlone(kept), true);
    });
  }

  it("leaves pods alone of which too few are ready", async () => {
    const [pod] = await pods.createWorkload("ReplicaSet", "two-ready", 2, { node });
    const [single] = await pods.createWorkload("ReplicaSet", "one-ready", 1, { node });
    const { outcome, said } = await alarm(responder, "Drain what has two ready", pod);
    assert.equal(outcome, "done", said);
    assert.equal(await isLeftAlone(single), true);
    await pods.untilGone(pod);
  });

  it("leaves pods of a protected namespace alone, and the node where one of them raised the alert", async () => {
    const [pod, guarded] = [
      await pods.createPod("unprotected", { node }),
      await protectedPods.createPod("protected", { node }),
    ];
    assert.equal((await alarm(responder, "Drain", guarded)).outcome, "ignored");
    assert.equal(await isLeftAlone(pod), true);
    const { outcome, said } = await alarm(responder, "Drain", pod);
    assert.equal(outcome, "done", said);
    assert.match(said, /1 pods evicted, 1 left alone, 0 not evicted/);
    await pods.untilGone(pod);
    assert.equal(await isLeftAlone(guarded), true);
  });

  it("leaves static pods alone", async () => {
    const [pod, fixed] = [
      await pods.createPod("not-static", { node }),
      await pods.createPod("static", { node, annotations: { "kubernetes.io/config.mirror": "1" } }),
    ];
    const { outcome, said } = await alarm(responder, "Drain", pod);
    assert.equal(outcome, "done", said);
    await pods.untilGone(pod);
    assert.equal(await isLeftAlone(fixed), true);
  });

  it("leaves the node alone for a pod that was re-created under the name", async () => {
    const old = await pods.createPod("again", { node, annotations: SLOW });
    const successor = await pods.createAgain(old, { node });
    for (const by of [{ "k8s.pod.uid": old.metadata.uid }, { "container.id": containerOf(old) }]) {
      const { outcome, said } = await deliver(responder, "Drain", { ...nameOf(old), ...by });
      assert.equal(outcome, "replaced", said);
    }
    assert.equal(await isLeftAlone(successor), true);
  });

  async function isLeftAlone(pod: Pod): Promise<boolean> {
    const { status, body } = await cluster.api.request<Pod>(
      "GET",
      `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`,
    );
    return status === 200 && body.metadata.uid === pod.metadata.uid && isRunning(body);
  }

  /** A budget for the pods of an app, once the disruption controller knows them; gives its path. */
  async function createBudget(
    app: string,
    spec: object,
    expectedPods: number,
    disruptionsAllowed: number,
  ): Promise<string> {
    const path = `/apis/policy/v1/namespaces/${pods.namespace}/poddisruptionbudgets`;
    const body = {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: app },
      spec: { selector: { matchLabels: { app } }, ...spec },
    };
    await cluster.api.demand("POST", path, { body });
    await eventually(`the budget of ${app} allows ${disruptionsAllowed} evictions`, async () => {
      const { metadata, status } = await cluster.api.demand<Budget>("GET", `${path}/${app}`);
      return (
        status?.observedGeneration === metadata.generation &&
        status.expectedPods === expectedPods &&
        status.disruptionsAllowed === disruptionsAllowed
      );
    });
    return `${path}/${app}`;
  }
});
