import assert from "node:assert/strict";
import { drain } from "../../../../responder/actions/kubernetes/drain.ts";
import { alert, apiError, cluster, pod } from "../../fixtures.ts";

function onNode(name: string, namespace = "default", owner?: string, annotations: Record<string, string> = {}) {
  const ownerReferences = owner
    ? [{ kind: owner, name: "owner", apiVersion: "apps/v1", uid: "o", controller: true }]
    : [];
  return {
    metadata: { name, namespace, uid: `uid-${name}`, ownerReferences, annotations },
    spec: { nodeName: "node-1", containers: [] },
  };
}

const victim = () => ({ ...pod(), spec: { nodeName: "node-1", containers: [] } });

const run = (on: ReturnType<typeof cluster>, parameters: Record<string, unknown> = {}) =>
  drain
    .prepare(parameters)
    .run({ alert: alert(), cluster: on, protectedNamespaces: new Set(["kube-system"]), context: new Map() });

const evicted = (on: ReturnType<typeof cluster>) =>
  on.calls.filter(({ verb }) => verb === "evict").map(({ name }) => name);

describe("kubernetes:drain", () => {
  it("evicts the pods of the pod's node, each by its UID", async () => {
    const on = cluster({ pod: victim, onNode: () => [onNode("a"), onNode("b", "shop")] });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "done");
    assert.equal(message, "node node-1 is drained: 2 pods evicted, 0 left alone, 0 not evicted");
    assert.deepEqual(on.calls[1], { verb: "list", name: "spec.nodeName=node-1" });
    const body = { metadata: { name: "a", namespace: "default" }, deleteOptions: { preconditions: { uid: "uid-a" } } };
    assert.deepEqual(on.calls[2], { verb: "evict", name: "a", body });
  });

  it("leaves protected namespaces and static pods alone, and what the parameters say", async () => {
    const mirror = onNode("mirror", "default", undefined, { "kubernetes.io/config.mirror": "x" });
    const pods = [
      onNode("dns", "kube-system"),
      mirror,
      onNode("ds", "default", "DaemonSet"),
      onNode("sts", "default", "StatefulSet"),
      onNode("rs", "default", "ReplicaSet"),
    ];
    const on = cluster({ pod: victim, onNode: () => pods, replicas: { ready: 1, wanted: 3 } });
    await run(on, { ignore_daemonsets: true, ignore_statefulsets: true, min_healthy_replicas: 2 });
    assert.deepEqual(evicted(on), []);
    await run(on);
    assert.deepEqual(evicted(on), ["ds", "sts", "rs"]);
  });

  it("fails with the reason where a budget allows no eviction, or counts it as none with ignore_errors", async () => {
    const budget = () => {
      throw apiError(429, "Cannot evict pod as it would violate the pod's disruption budget.");
    };
    const { outcome, message } = await run(cluster({ pod: victim, onNode: () => [onNode("a")], evict: budget }));
    assert.equal(outcome, "failed");
    assert.match(message, /1 not evicted \(default\/a: Cannot evict pod/);
    assert.equal(
      (await run(cluster({ pod: victim, onNode: () => [onNode("a")], evict: budget }), { ignore_errors: true }))
        .outcome,
      "done",
    );
  });

  it("tries again within max_wait_period until the budget allows it, and waits until the pod is gone", async () => {
    let tries = 0;
    const on = cluster({
      pod: () => {
        if (evicted(on).length > 1) throw apiError(404, "gone");
        return victim();
      },
      onNode: () => [onNode("a")],
      evict: () => {
        if (++tries === 1) throw apiError(429, "budget");
      },
    });
    assert.equal((await run(on, { max_wait_period: 5 })).outcome, "done");
    assert.equal(tries, 2);
  });

  it("fails where a pod is still there after max_wait_period", async () => {
    const on = cluster({
      pod: () => ({ ...victim(), metadata: { uid: "6e1f2a54-3a49-4a0e-9d0b-7d2f6f0c9b11" } }),
      onNode: () => [
        { ...onNode("a"), metadata: { name: "a", namespace: "default", uid: "6e1f2a54-3a49-4a0e-9d0b-7d2f6f0c9b11" } },
      ],
    });
    const { outcome, message } = await run(on, { max_wait_period: 1 });
    assert.equal(outcome, "failed");
    assert.match(message, /it is still there/);
    assert.equal((await run(on, { max_wait_period: 1, wait_period_excluded_namespaces: ["default"] })).outcome, "done");
  });

  it("counts pods that went by themselves as evicted", async () => {
    for (const error of [apiError(404, "gone"), apiError(409, "the UID in the precondition (a) does not match")]) {
      const on = cluster({
        pod: victim,
        onNode: () => [onNode("a")],
        evict: () => {
          throw error;
        },
      });
      assert.match((await run(on)).message, /1 pods evicted/);
    }
  });
});
