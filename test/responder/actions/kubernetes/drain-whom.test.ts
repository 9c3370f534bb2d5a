import assert from "node:assert/strict";
import { drain } from "../../../../responder/actions/kubernetes/drain.ts";
import { protectionOf } from "../../../../responder/engine/protection.ts";
import { alert, apiError, cluster, occasion, pod, POD_UID } from "../../fixtures.ts";

const victim = () => ({ ...pod(), spec: { nodeName: "node-1", containers: [] } });
const HOST = alert({ "container.id": "host", "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null });
const PROTECTED = {
  protectedNamespaces: new Set(["kube-system"]),
  ownServices: [{ namespace: "engine", name: "responder" }],
};

function onNode(name: string, metadata: object = {}, spec: object = {}) {
  return {
    metadata: { name, namespace: "default", uid: `uid-${name}`, ...metadata },
    spec: { nodeName: "node-1", containers: [], ...spec },
  };
}

const run = (on: ReturnType<typeof cluster>, parameters: Record<string, unknown> = {}, about = alert()) =>
  drain.prepare(parameters).run(
    occasion(on, about, {
      protection: (namespace, name) => protectionOf(PROTECTED, { kind: "Pod", namespace, name }),
    }),
  );

const evicted = (on: ReturnType<typeof cluster>) =>
  on.calls.filter(({ verb }) => verb === "evict").map(({ name }) => name);

describe("whom kubernetes:drain evicts", () => {
  const staying: [string, object][] = [
    ["in protected namespaces", onNode("dns", { namespace: "kube-system" })],
    ["of the response engine's own", onNode("responder-00001-deployment-abc-x2z4q", { namespace: "engine" })],
    ["that are static", onNode("etcd", { annotations: { "kubernetes.io/config.mirror": "hash" } })],
    ["that the node itself needs", onNode("proxy", {}, { priorityClassName: "system-node-critical" })],
  ];
  for (const [which, one] of staying) {
    it(`are not pods ${which}, whatever the rule says`, async () => {
      const on = cluster({ pod: victim, onNode: () => [one, onNode("other")] });
      const { outcome, message } = await run(on, { force: true });
      assert.equal(outcome, "done");
      assert.equal(
        message,
        "node node-1 is being drained: 1 pods evicted, 1 of them not waited for, 1 left alone, 0 not evicted",
      );
      assert.deepEqual(evicted(on), ["other"]);
    });
  }

  it("are pods of the shared namespace of the response engine's own, and of critical priority for the cluster alone", async () => {
    const others = [
      onNode("other", { namespace: "engine" }),
      onNode("dns", {}, { priorityClassName: "system-cluster-critical" }),
    ];
    const on = cluster({ pod: victim, onNode: () => others });
    await run(on);
    assert.deepEqual(evicted(on), ["other", "dns"]);
  });

  it("are the pods that are on the node, and none that the answer only adds", async () => {
    const on = cluster({ pod: victim, onNode: () => [onNode("here"), onNode("there", {}, { nodeName: "node-2" })] });
    await run(on);
    assert.deepEqual(evicted(on), ["here"]);
  });

  for (const metadata of [
    { name: ".." },
    { name: "a/../b" },
    { namespace: "../kube-system" },
    { uid: "" },
    { uid: ".." },
  ]) {
    it(`are none with ${JSON.stringify(metadata)}, which is told`, async () => {
      const on = cluster({ pod: victim, onNode: () => [onNode("a", metadata), onNode("b")] });
      const { outcome, message } = await run(on);
      assert.equal(outcome, "failed");
      assert.match(
        message,
        /1 pods evicted, 1 of them not waited for, 0 left alone, 1 not evicted \(.*: no pod can be called so\)$/,
      );
      assert.deepEqual(evicted(on), ["b"]);
    });
  }

  it("are five at a time, and the alert's own pod after all others", async () => {
    const [itself, ...others] = [
      onNode("alpine", { uid: POD_UID }),
      ...Array.from({ length: 12 }, (_, index) => onNode(`p-${index}`)),
    ];
    const on = cluster({ pod: victim, onNode: () => [itself, ...others] });
    let now = 0;
    let most = 0;
    const { create } = on;
    on.create = async (at, body) => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      const answer = await create(at, body);
      now -= 1;
      return answer;
    };
    await run(on);
    assert.equal(most, 5);
    assert.equal(evicted(on).length, 13);
    assert.equal(evicted(on).at(-1), "alpine");
  });

  it("are none where the node can't be cordoned first", async () => {
    const patched = () => ({ metadata: { uid: "node-uid" }, spec: {} });
    const on = cluster({ pod: victim, onNode: () => [onNode("a")], patched });
    assert.equal((await run(on)).outcome, "failed");
    assert.deepEqual(evicted(on), []);
  });

  it("are those of the node that an alert of the host comes from, where it is as old as the alert", async () => {
    const node = (creationTimestamp: string) => () => ({
      metadata: { name: "node-1", uid: "node-uid", creationTimestamp },
    });
    const on = cluster({ node: node("2026-11-01T00:00:00Z"), onNode: () => [onNode("a")] });
    assert.equal((await run(on, {}, HOST)).outcome, "done");
    assert.deepEqual(evicted(on), ["a"]);
    const younger = cluster({ node: node("2026-12-01T00:00:00Z"), onNode: () => [onNode("a")] });
    assert.equal((await run(younger, {}, HOST)).outcome, "replaced");
    assert.deepEqual(evicted(younger), []);
  });

  it("are up to a thousand, and more than that is told", async () => {
    const on = cluster({ pod: victim });
    on.list = (_at, _query, keep) =>
      Promise.resolve({ items: [onNode("a")].flatMap((item) => keep(item) ?? []), more: true });
    const { outcome, message } = await run(on);
    assert.equal(outcome, "failed");
    assert.match(message, /more than 1000 pods, of which no more were looked at/);
  });

  it("are no longer there only where the API itself says so", async () => {
    const gone = cluster({
      pod: victim,
      onNode: () => [onNode("a")],
      evict: () => {
        throw apiError(404, "gone");
      },
    });
    assert.match((await run(gone)).message, /1 pods evicted/);
  });
});
