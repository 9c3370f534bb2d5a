import assert from "node:assert/strict";
import { findPod, otherSince } from "../../../../responder/actions/pods/find-pod.ts";
import type { PodReference } from "../../../../responder/alerts/named.ts";
import { ApiError } from "../../../../responder/kubernetes/errors.ts";
import { apiError, cluster, CONTAINER_ID, container, POD_UID, running } from "../../fixtures.ts";

const NAMED = { namespace: "default", name: "alpine" };
const BY_UID: PodReference = { ...NAMED, uid: POD_UID };
const BY_CONTAINER: PodReference = { ...NAMED, containerId: "3ad7b26ded6d" };
const BY_AGE: PodReference = { ...NAMED, raisedAt: Date.parse("2026-11-23T16:31:56.746Z") };
const STATIC_UID = "0123456789abcdef0123456789abcdef";

const created = (creationTimestamp?: string) => {
  const known = running(container("app", { containerID: CONTAINER_ID }));
  return { ...known, metadata: { ...known.metadata, ...(creationTimestamp !== undefined && { creationTimestamp }) } };
};

/** A static pod of a node, as the API shows it. */
function mirror(node = "node-1", owner: object = { apiVersion: "v1", kind: "Node", name: "node-1", uid: "n" }) {
  const annotations = { "kubernetes.io/config.mirror": STATIC_UID };
  return {
    metadata: { name: "etcd-node-1", namespace: "default", uid: POD_UID, annotations, ownerReferences: [owner] },
    spec: { nodeName: node, containers: [{ name: "etcd" }] },
  };
}

async function ended(pod: () => object, reference: PodReference): Promise<string> {
  const found = await findPod(cluster({ pod }), reference);
  return "outcome" in found ? found.outcome : `found ${found.uid}${found.isStatic ? ", static" : ""}`;
}

describe("the pod that an alert names", () => {
  it("is known by its UID, and is not another's", async () => {
    assert.equal(await ended(created, BY_UID), `found ${POD_UID}`);
    assert.equal(await ended(created, { ...BY_UID, uid: "another" }), "replaced");
  });

  it("is known by its container, and is not a pod without it", async () => {
    assert.equal(await ended(created, BY_CONTAINER), `found ${POD_UID}`);
    assert.equal(await ended(() => running(container("app")), BY_CONTAINER), "replaced");
  });

  it("is known by its age where the alert has neither, as the audit log's", async () => {
    assert.equal(await ended(() => created("2026-11-23T16:31:56Z"), BY_AGE), `found ${POD_UID}`);
    assert.equal(await ended(() => created("2026-11-23T16:31:57Z"), BY_AGE), "replaced");
  });

  it("can't be told where nobody knows its age or the alert's, and the words say what to add", async () => {
    for (const [pod, reference] of [
      [created("2026-11-23T16:31:56Z"), NAMED],
      [created(), BY_AGE],
    ] as const) {
      const found = await findPod(cluster({ pod: () => pod }), reference);
      assert.ok("outcome" in found);
      assert.equal(found.outcome, "failed");
      assert.match(found.message, /^can't tell whether pod default\/alpine raised the alert.* append_output$/);
    }
  });

  it("is gone where the API says so, and not where something before it does", async () => {
    const answer = (error: Error) => () => {
      throw error;
    };
    assert.equal(await ended(answer(apiError(404, "gone")), BY_UID), "gone");
    const proxy = new ApiError("not-kubernetes", "HTTP status 404", { code: 404 });
    await assert.rejects(ended(answer(proxy), BY_UID), (thrown) => thrown === proxy);
  });

  it("is the static pod that Falco knows by the kubelet's UID", async () => {
    assert.equal(
      await ended(() => mirror(), { ...BY_UID, name: "etcd-node-1", uid: STATIC_UID }),
      `found ${POD_UID}, static`,
    );
    // by the API's own UID anybody can have a pod look like one
    assert.equal(await ended(() => mirror(), { ...BY_UID, name: "etcd-node-1" }), `found ${POD_UID}`);
  });

  it("is no static pod by its annotation alone, which anybody may write", async () => {
    const bare = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "node-1", uid: "r" };
    const elsewhere = { apiVersion: "v1", kind: "Node", name: "node-2", uid: "n" };
    for (const pod of [mirror("node-1", bare), mirror("node-2"), mirror("node-1", elsewhere)]) {
      const reference = { ...BY_UID, name: "etcd-node-1" };
      assert.equal(await ended(() => pod, reference), `found ${POD_UID}`);
      assert.equal(await ended(() => pod, { ...reference, uid: STATIC_UID }), "replaced");
    }
  });

  it("has no UID that can't be one", async () => {
    for (const uid of ["..", "a/b", "", "x".repeat(64)]) {
      assert.equal(await ended(() => ({ metadata: { uid } }), { ...NAMED, uid }), "replaced");
    }
  });

  it("goes by the name that was asked for, whatever the answer calls it", async () => {
    const answer = { ...created(), metadata: { uid: POD_UID, name: "..", namespace: "kube-system" } };
    const found = await findPod(cluster({ pod: () => answer }), BY_UID);
    assert.ok(!("outcome" in found));
    assert.deepEqual([found.pod.metadata?.namespace, found.pod.metadata?.name], ["default", "alpine"]);
  });

  it("is not read from an answer that is no pod", async () => {
    for (const pod of [
      { metadata: "x" },
      { metadata: { labels: { a: 1 } } },
      { spec: [] },
      { status: { containerStatuses: {} } },
    ]) {
      await assert.rejects(
        ended(() => pod, BY_UID),
        { failure: "not-kubernetes" },
      );
    }
  });
});

describe("whether another pod has the name since", () => {
  it("is told by the UID; a pod that is gone is no other", async () => {
    const gone = () => {
      throw apiError(404, "gone");
    };
    assert.equal(await otherSince(cluster({}), NAMED, POD_UID), undefined);
    assert.equal(await otherSince(cluster({ pod: gone }), NAMED, POD_UID), undefined);
    assert.equal((await otherSince(cluster({}), NAMED, "before"))?.outcome, "replaced");
  });
});
