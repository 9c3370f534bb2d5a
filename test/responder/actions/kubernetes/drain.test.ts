import assert from "node:assert/strict";
import { drain } from "../../../../responder/actions/kubernetes/drain.ts";
import { ApiError } from "../../../../responder/kubernetes/errors.ts";
import { alert, apiError, cluster, pod, POD_UID, unreachable } from "../../fixtures.ts";

function onNode(name: string, namespace = "default", owner?: string, annotations: Record<string, string> = {}) {
  const ownerReferences = owner
    ? [{ kind: owner, name: "owner", apiVersion: "apps/v1", uid: "owner", controller: true }]
    : [];
  return {
    metadata: { name, namespace, uid: `uid-${name}`, ownerReferences, annotations },
    spec: { nodeName: "node-1", containers: [] },
  };
}

const victim = () => ({ ...pod(), spec: { nodeName: "node-1", containers: [] } });

const run = (on: ReturnType<typeof cluster>, parameters: Record<string, unknown> = {}) =>
  drain.prepare(parameters).run({
    alert: alert(),
    cluster: on,
    protection: (namespace) => (namespace === "kube-system" ? "its namespace is protected" : undefined),
    context: new Map(),
  });

const evicted = (on: ReturnType<typeof cluster>) =>
  on.calls.filter(({ verb }) => verb === "evict").map(({ name }) => name);

describe("kubernetes:drain", () => {
  it("evicts the pods of the pod's node, each by its UID", async () => {
    const on = cluster({ pod: victim, onNode: () => [onNode("a"), onNode("b", "shop")] });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "done");
    assert.equal(
      message,
      "node node-1 is being drained: 2 pods evicted, 2 of them not waited for, 0 left alone, 0 not evicted",
    );
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "get node", "patch node", "list", "evict", "evict"],
      "the node is cordoned before its first pod is evicted",
    );
    assert.deepEqual(on.calls[2]?.body, { spec: { unschedulable: true }, metadata: { uid: "node-uid" } });
    assert.deepEqual(on.calls[3], { verb: "list", name: "spec.nodeName=node-1" });
    const body = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: "a", namespace: "default" },
      deleteOptions: { preconditions: { uid: "uid-a" } },
    };
    assert.deepEqual(on.calls[4], { verb: "evict", name: "a", body });
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

  const passing: [string, ApiError][] = [
    ["429", apiError(429, "Cannot evict pod as it would violate the pod's disruption budget.")],
    ["401", apiError(401, "Unauthorized")],
    ["409", apiError(409, "the object has been modified")],
    ["500", apiError(500, "a webhook is down")],
    ["503", apiError(503, "down")],
    ["silence", new ApiError("time-out", "no answer within 5 s")],
    ["closed connection", unreachable()],
    ["404 that isn't Kubernetes's", new ApiError("not-kubernetes", "HTTP status 404", { code: 404 })],
  ];
  for (const [what, error] of passing) {
    const on = (tried: string[] = []) =>
      cluster({
        pod: victim,
        onNode: () => [onNode("a"), onNode("b")],
        evict: (name) => {
          tried.push(name);
          if (name === "a") throw error;
        },
      });

    it(`comes again for a pod whose eviction meets the API's ${what}, when the others are evicted`, async () => {
      const tried: string[] = [];
      await assert.rejects(run(on(tried)), (thrown) => thrown === error);
      assert.deepEqual(tried, ["a", "b"]);
    });

    it(`counts it as none with ignore_errors, and says so: ${what}`, async () => {
      const { outcome, message } = await run(on(), { ignore_errors: true });
      assert.equal(outcome, "done");
      assert.match(
        message,
        /being drained as far as it could be: 1 pods evicted, 1 of them not waited for, 0 left alone, 1 not evicted \(default\/a: /,
      );
    });
  }

  it("fails with the reason where the API refuses an eviction for good", async () => {
    const refuse = () => {
      throw apiError(403, "may not evict");
    };
    const { outcome, message } = await run(cluster({ pod: victim, onNode: () => [onNode("a")], evict: refuse }));
    assert.equal(outcome, "failed");
    assert.match(message, /1 not evicted \(default\/a: may not evict/);
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
    assert.deepEqual(await run(on, { max_wait_period: 5 }), {
      outcome: "done",
      message: "node node-1 is drained: 1 pods evicted, 0 left alone, 0 not evicted",
    });
    assert.equal(tries, 2);
  });

  it("fails where a pod is still there after max_wait_period", async () => {
    const on = cluster({
      pod: () => ({ ...victim(), metadata: { uid: POD_UID } }),
      onNode: () => [{ ...onNode("a"), metadata: { name: "a", namespace: "default", uid: POD_UID } }],
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
