import assert from "node:assert/strict";

import type { KubernetesObject } from "../../support/api.ts";
import type { ControlPlane } from "../../support/control-plane.ts";
import { alarm, containerOf, deliver, nameOf } from "../deliver.ts";
import { createNode, readNode, removeNodes } from "../nodes.ts";
import { startResponder, type RunningResponder } from "../../support/responder.ts";
import { controlPlane } from "../shared.ts";
import { pathOf, SLOW, Workloads } from "../workloads.ts";
import { rulesFile } from "./rules.ts";

/** Tests the action that sets one kind of metadata. @param values a first and a second value that it can have */
export function describeMetadata(
  actionner: string,
  field: "labels" | "annotations",
  [first, second]: readonly [string, string],
): void {
  const KEY = "security.example.com/case";

  describe(`${actionner}, against a real API`, () => {
    let cluster: ControlPlane;
    let responder: RunningResponder;
    let pods: Workloads;
    let protectedPods: Workloads;
    let node: string;

    before(async function () {
      cluster = await controlPlane(this);
      pods = new Workloads(cluster, `metadata-${field}`);
      protectedPods = new Workloads(cluster, `metadata-${field}-protected`);
      for (const one of [pods, protectedPods]) await one.createNamespace();
      node = await createNode(cluster, `metadata-${field}`);
      const rules = rulesFile(actionner, {
        Set: { [field]: { [KEY]: first, count: 7 } },
        Change: { [field]: { [KEY]: second } },
        Remove: { [field]: { [KEY]: "" } },
        "Set on the node": { [field]: { [KEY]: first }, level: "node" },
        "Remove from the node": { [field]: { [KEY]: "" }, level: "node" },
      });
      responder = await startResponder(cluster, rules, {
        defaultRules: false,
        config: { responderProtectedNamespaces: [protectedPods.namespace] },
      });
    });

    after(async () => {
      await responder.stop();
      await removeNodes(cluster, [node]);
    });

    it(`adds, changes and removes ${field} of the pod and touches no other and nothing else`, async () => {
      const before = { [field]: { kept: "as-it-is" } };
      const [pod, neighbour] = [await pods.createPod("changed", before), await pods.createPod("neighbour", before)];

      assert.equal((await alarm(responder, "Set", pod)).outcome, "done");
      assert.deepEqual(metadataOf(await pods.read(pod)), { kept: "as-it-is", [KEY]: first, count: "7" });
      assert.equal((await alarm(responder, "Change", pod)).outcome, "done");
      assert.deepEqual(metadataOf(await pods.read(pod)), { kept: "as-it-is", [KEY]: second, count: "7" });
      assert.equal((await alarm(responder, "Remove", pod)).outcome, "done");
      assert.deepEqual(metadataOf(await pods.read(pod)), { kept: "as-it-is", count: "7" });

      const { spec, status } = await pods.read(pod);
      assert.deepEqual([spec, status], [pod.spec, pod.status]);
      assert.deepEqual(await pods.read(neighbour), neighbour);
    });

    it("adds to a pod that has none yet, and removes what is not there", async () => {
      const pod = await pods.createPod("bare");
      assert.equal((await alarm(responder, "Remove", pod)).outcome, "done");
      assert.equal(await pods.isThere(pod), true);
      assert.equal((await alarm(responder, "Set", pod)).outcome, "done");
      assert.deepEqual(metadataOf(await pods.read(pod)), { [KEY]: first, count: "7" });
    });

    it("finds the pod by the container's id where the alert carries no UID", async () => {
      const pod = await pods.createPod("by-container");
      assert.equal(
        (await deliver(responder, "Set", { ...nameOf(pod), "container.id": containerOf(pod) })).outcome,
        "done",
      );
      assert.equal(metadataOf(await pods.read(pod))[KEY], first);
    });

    it("leaves a pod alone that has been re-created under the name", async () => {
      const old = await pods.createPod("again", { annotations: SLOW });
      const successor = await pods.createAgain(old);
      for (const by of [{ "k8s.pod.uid": old.metadata.uid }, { "container.id": containerOf(old) }]) {
        for (const rule of ["Set", "Set on the node"]) {
          const { status, outcome, said } = await deliver(responder, rule, { ...nameOf(old), ...by });
          assert.deepEqual({ status, outcome }, { status: 200, outcome: "replaced" }, said);
        }
      }
      assert.deepEqual(await pods.read(successor), successor);
    });

    it("says that a pod is gone", async () => {
      const pod = await pods.createPod("gone", { node });
      await cluster.api.demand("DELETE", pathOf(pod));
      await pods.untilGone(pod);
      for (const by of [{ "k8s.pod.uid": pod.metadata.uid }, { "container.id": containerOf(pod) }]) {
        for (const rule of ["Set", "Set on the node"]) {
          const { status, outcome } = await deliver(responder, rule, { ...nameOf(pod), ...by });
          assert.deepEqual({ status, outcome }, { status: 200, outcome: "gone" });
        }
      }
      assert.equal(metadataOf(await readNode(cluster.api, node))[KEY], undefined);
    });

    it("leaves a pod of a protected namespace alone, and its node", async () => {
      const pod = await protectedPods.createPod("protected", { node });
      assert.equal((await alarm(responder, "Set", pod)).outcome, "ignored");
      assert.equal((await alarm(responder, "Set on the node", pod)).outcome, "ignored");
      assert.deepEqual(await pods.read(pod), pod);
      assert.equal(metadataOf(await readNode(cluster.api, node))[KEY], undefined);
    });

    it(`adds and removes ${field} of the pod's node and touches no other node, nor the pod`, async () => {
      const pod = await pods.createPod("on-a-node", { node });
      const before = metadataOf(await readNode(cluster.api, node));

      assert.equal((await alarm(responder, "Set on the node", pod)).outcome, "done");
      assert.deepEqual(metadataOf(await readNode(cluster.api, node)), { ...before, [KEY]: first });
      for (const other of cluster.nodes) assert.equal(metadataOf(await readNode(cluster.api, other))[KEY], undefined);

      assert.equal((await alarm(responder, "Remove from the node", pod)).outcome, "done");
      assert.deepEqual(metadataOf(await readNode(cluster.api, node)), before);
      assert.deepEqual(await pods.read(pod), pod);
    });
  });

  function metadataOf({ metadata }: KubernetesObject): Record<string, string> {
    return metadata?.[field] ?? {};
  }
}
