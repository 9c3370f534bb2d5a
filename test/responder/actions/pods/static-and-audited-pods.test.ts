import assert from "node:assert/strict";
import type { V1Pod } from "@kubernetes/client-node";
import { drain } from "../../../../responder/actions/kubernetes/drain.ts";
import { log } from "../../../../responder/actions/kubernetes/log.ts";
import { quarantine } from "../../../../responder/actions/kubernetes/quarantine.ts";
import { terminate } from "../../../../responder/actions/kubernetes/terminate.ts";
import { findPod } from "../../../../responder/actions/pods/find-pod.ts";
import { alert, apiError, cluster, CONTAINER_ID, container, occasion, POD_UID, running } from "../../fixtures.ts";

const RAISED = Date.parse("2026-11-23T16:31:56.746Z");
const NAME = { namespace: "default", name: "etcd-node-1" };

interface Picture {
  /** What the kubelet knows it by. */
  hash?: string;
  /** The node whose it says it is. */
  owner?: string;
  node?: string;
  name?: string;
}

/** What the API shows of a static pod of node-1. */
function mirror({ hash = "0f1e2d3c4b5a", owner = "node-1", node = "node-1" }: Picture = {}): V1Pod {
  const { metadata, spec, status } = running(container("etcd", { containerID: CONTAINER_ID }));
  return {
    metadata: {
      ...metadata,
      creationTimestamp: "2026-11-23T16:31:50Z" as unknown as Date,
      annotations: { "kubernetes.io/config.mirror": hash },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: owner, uid: "n", controller: true }],
    },
    spec: { containers: [], ...spec, nodeName: node },
    ...(status && { status }),
  };
}

const find = (pod: V1Pod, more: { uid?: string; containerId?: string; raisedAt?: number }) =>
  findPod(cluster({ pod: () => pod }), { ...NAME, ...more });

describe("a static pod", () => {
  it("is known by the UID that its kubelet gave it, by its container, and by its age", async () => {
    for (const by of [{ uid: "0f1e2d3c4b5a" }, { containerId: "3ad7b26ded6d" }, { raisedAt: RAISED }]) {
      const found = await find(mirror(), by);
      assert.ok("pod" in found, JSON.stringify(by));
      assert.equal(found.isStatic, true);
      assert.equal(found.uid, POD_UID);
    }
  });

  it("is another where the alert has another UID", async () => {
    const found = await find(mirror(), { uid: "ffffffffffff" });
    assert.ok("outcome" in found);
    assert.equal(found.outcome, "replaced");
  });

  it("is none that bears another node's name, or is on another, whatever its annotation says", async () => {
    for (const pod of [mirror({ owner: "node-2" }), mirror({ node: "node-2" })]) {
      const found = await find(pod, { uid: "0f1e2d3c4b5a" });
      assert.ok("outcome" in found);
      assert.equal(found.outcome, "replaced");
    }
  });

  it("is none that the alert knows by the API's UID: anybody can have a pod of theirs look like one", async () => {
    const found = await find(mirror(), { uid: POD_UID });
    assert.ok("pod" in found);
    assert.equal(found.isStatic, false);
    const about = alert({ "k8s.pod.name": NAME.name });
    const on = cluster({ pod: () => mirror() });
    const { outcome } = await terminate
      .prepare({ ignore_standalone_pods: false, ignore_daemonsets: true })
      .run(occasion(on, about));
    assert.equal(outcome, "terminated");
  });

  const about = alert({ "k8s.pod.name": NAME.name, "k8s.pod.uid": "0f1e2d3c4b5a" });
  for (const { actionner, refuses } of [
    { actionner: terminate, refuses: { remove: "UID in precondition: 0f1e2d3c4b5a, UID in object meta: other" } },
    { actionner: quarantine, refuses: {} },
  ]) {
    it(`is not touched by ${actionner.name}, which says so`, async () => {
      const on = cluster({
        pod: () => mirror(),
        ...("remove" in refuses && {
          remove: () => {
            throw apiError(409, refuses.remove);
          },
        }),
      });
      const { outcome, message } = await actionner.prepare({}).run(occasion(on, about));
      assert.equal(outcome, "failed");
      assert.match(message, /^pod default\/etcd-node-1 is a static pod, which the API only shows: .* off node node-1$/);
    });
  }

  it("has a log that can be read, and a node that can be drained without it", async () => {
    const on = cluster({ pod: () => mirror(), log: () => "a\n", onNode: () => [mirror()] });
    assert.equal((await log.prepare({}).run(occasion(on, about))).outcome, "done");
    const { message } = await drain.prepare({}).run(occasion(on, about));
    assert.equal(message, "node node-1 is drained: 0 pods evicted, 1 left alone, 0 not evicted");
  });
});

describe("the pod of an audit alert", () => {
  const created = (creationTimestamp: unknown) => {
    const pod = running(container("app"));
    return { ...pod, metadata: { ...pod.metadata, creationTimestamp } } as V1Pod;
  };

  it("is the one that is as old as the alert at least", async () => {
    assert.ok("pod" in (await find(created("2026-11-23T16:31:56Z"), { raisedAt: RAISED })));
    const younger = await find(created("2026-11-23T16:31:57Z"), { raisedAt: RAISED });
    assert.ok("outcome" in younger);
    assert.equal(younger.outcome, "replaced");
  });

  for (const [at, raisedAt] of [
    ["2026-11-23T16:31:56Z", undefined],
    ["2026-11-23T16:31:56Z", NaN],
    ["never", RAISED],
    [undefined, RAISED],
  ] as const) {
    it(`can't be told where it was made ${at ?? "at no time"} and the alert was raised at ${raisedAt ?? "none"}`, async () => {
      const found = await find(created(at), raisedAt === undefined ? {} : { raisedAt });
      assert.ok("outcome" in found);
      assert.equal(found.outcome, "failed");
      assert.match(found.message, /^can't tell whether/);
    });
  }
});
