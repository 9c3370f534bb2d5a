import assert from "node:assert/strict";
import { findNode, patchNode, patchPod } from "../../../../responder/actions/pods/patch.ts";
import { alert, apiError, cluster, occasion, pod, POD_UID } from "../../fixtures.ts";

const NO_POD = { "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null };
const HOST = { ...NO_POD, "container.id": "host" };
const PATCH = { metadata: { labels: { a: "b" } } };
const onNode = (nodeName: string) => ({ ...pod(), spec: { nodeName, containers: [] } });
const node = (more: object = {}) => ({
  metadata: { name: "node-1", uid: "node-uid", creationTimestamp: "2026-11-23T16:31:56Z", ...more },
});
const otherUid = apiError(409, "Precondition failed: UID in precondition: u, UID in object meta: v");
const failing = (error: Error) => () => {
  throw error;
};

const changePod = (on: ReturnType<typeof cluster>) => {
  const about = alert();
  assert.ok(about.named.pod);
  return patchPod({ ...occasion(on, about), pod: about.named.pod }, PATCH, "got a=b");
};

describe("a change of the pod", () => {
  it("is sent with its UID, and said when the answer shows it", async () => {
    const on = cluster({});
    assert.deepEqual(await changePod(on), { outcome: "done", message: "pod default/alpine got a=b" });
    assert.deepEqual(on.calls[0]?.body, { metadata: { labels: { a: "b" }, uid: POD_UID } });
  });

  it("fails where the API takes it and shows something else, as a webhook may make it", async () => {
    for (const metadata of [{ uid: POD_UID }, { uid: POD_UID, labels: { a: "c" } }]) {
      assert.deepEqual(await changePod(cluster({ patched: () => ({ metadata }) })), {
        outcome: "failed",
        message: "the API took the change of pod default/alpine, but metadata.labels.a isn't what was asked for",
      });
    }
    const another = () => ({ metadata: { uid: "another", labels: { a: "b" } } });
    assert.match((await changePod(cluster({ patched: another }))).message, /metadata\.uid isn't what was asked for$/);
  });
});

describe("the node of an alert", () => {
  it("is the one that the pod is on", async () => {
    const found = await findNode(occasion(cluster({ pod: () => onNode("node-7") })));
    assert.ok(!("outcome" in found));
    assert.deepEqual([found.name, found.uid, found.pod?.uid], ["node-7", "node-uid", POD_UID]);
  });

  it("is none of a pod that is on no node, or on one of no name", async () => {
    for (const found of [pod(), onNode(".."), onNode("")]) {
      const on = cluster({ pod: () => found });
      const result = await findNode(occasion(on));
      assert.ok("outcome" in result);
      assert.equal(result.outcome, "failed");
      assert.deepEqual(
        on.calls.map(({ verb }) => verb),
        ["get"],
      );
    }
  });

  it("is the one that an alert of the host comes from, where it is as old as the alert", async () => {
    const on = cluster({ node });
    const found = await findNode(occasion(on, alert(HOST)));
    assert.deepEqual(found, { name: "node-1", uid: "node-uid" });
    const others = [
      ["2026-11-23T16:31:57Z", "replaced"],
      [undefined, "failed"],
    ] as const;
    for (const [creationTimestamp, outcome] of others) {
      const younger = cluster({ node: () => node({ creationTimestamp }) });
      const result = await patchNode(occasion(younger, alert(HOST)), PATCH, "");
      assert.equal(result.outcome, outcome);
      assert.deepEqual(
        younger.calls.map(({ verb }) => verb),
        ["get node"],
      );
    }
  });

  it("is gone where the API knows none, or none of a UID", async () => {
    for (const answer of [
      failing(apiError(404, "no such node")),
      () => node({ uid: ".." }),
      () => ({ metadata: {} }),
    ]) {
      const result = await findNode(occasion(cluster({ node: answer }), alert(HOST)));
      assert.ok("outcome" in result);
      assert.equal(result.outcome, "gone");
    }
  });
});

describe("a change of the node", () => {
  const change = (answers: Parameters<typeof cluster>[0]) =>
    patchNode(
      occasion(cluster({ pod: () => onNode("node-1"), ...answers })),
      { spec: { unschedulable: true } },
      "is cordoned",
    );

  it("fails where the API takes it and doesn't show it", async () => {
    assert.deepEqual(await change({ patched: () => ({ metadata: { uid: "node-uid" }, spec: {} }) }), {
      outcome: "failed",
      message: "the API took the change of node node-1, but spec.unschedulable isn't what was asked for",
    });
  });

  it("is of no other node of its name, nor of one that went meanwhile", async () => {
    assert.equal((await change({ patched: failing(otherUid) })).outcome, "replaced");
    assert.equal((await change({ patched: failing(apiError(404, "gone")) })).outcome, "gone");
    const down = apiError(503, "down");
    await assert.rejects(change({ patched: failing(down) }), (thrown) => thrown === down);
  });
});
