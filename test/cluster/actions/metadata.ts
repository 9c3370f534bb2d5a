import assert from "node:assert/strict";

import type { KubernetesObject } from "../../support/api.ts";
import { containerOf, nameOf } from "../deliver.ts";
import { readNode } from "../nodes.ts";
import { withResponder, type Stage } from "../with-responder.ts";
import { pathOf, SLOW } from "../workloads.ts";
import { rulesFile } from "./rules.ts";

const KEY = "security.example.com/case";

/** One kind of metadata, and what it is tested with. */
interface Tested {
  stage: Stage;
  field: "labels" | "annotations";
  /** Two values that it can have. */
  values: readonly [string, string];
  /** Where some of the pods are. */
  node: string;
  metadataOf: (object: KubernetesObject) => Record<string, string>;
}

/** Tests the action that sets one kind of metadata. @param values a first and a second value that it can have */
export function describeMetadata(
  actionner: string,
  field: "labels" | "annotations",
  values: readonly [string, string],
): void {
  describe(`${actionner}, against a real API`, () => {
    const [first, second] = values;
    const node = `metadata-${field}`;
    const stage = withResponder({
      namespace: `metadata-${field}`,
      guarded: true,
      nodes: [node],
      rules: rulesFile(actionner, {
        Set: { [field]: { [KEY]: first, count: 7 } },
        Change: { [field]: { [KEY]: second } },
        Remove: { [field]: { [KEY]: "" } },
        "Set on the node": { [field]: { [KEY]: first }, level: "node" },
        "Remove from the node": { [field]: { [KEY]: "" }, level: "node" },
      }),
    });
    const tested: Tested = { stage, field, values, node, metadataOf: ({ metadata }) => metadata?.[field] ?? {} };
    testPod(tested);
    testOtherPods(tested);
    testNode(tested);
  });
}

function testPod({ stage, field, values: [first, second], metadataOf }: Tested): void {
  it(`adds, changes and removes ${field} of the pod and touches no other and nothing else`, async () => {
    const before = { [field]: { kept: "as-it-is" } };
    const [pod, neighbour] = [
      await stage.pods.createPod("changed", before),
      await stage.pods.createPod("neighbour", before),
    ];

    assert.equal((await stage.alarm("Set", pod)).outcome, "done");
    assert.deepEqual(metadataOf(await stage.pods.read(pod)), { kept: "as-it-is", [KEY]: first, count: "7" });
    assert.equal((await stage.alarm("Change", pod)).outcome, "done");
    assert.deepEqual(metadataOf(await stage.pods.read(pod)), { kept: "as-it-is", [KEY]: second, count: "7" });
    assert.equal((await stage.alarm("Remove", pod)).outcome, "done");
    assert.deepEqual(metadataOf(await stage.pods.read(pod)), { kept: "as-it-is", count: "7" });

    const { spec, status } = await stage.pods.read(pod);
    assert.deepEqual([spec, status], [pod.spec, pod.status]);
    assert.deepEqual(await stage.pods.read(neighbour), neighbour);
  });

  it("adds to a pod that has none yet, and removes what is not there", async () => {
    const pod = await stage.pods.createPod("bare");
    assert.equal((await stage.alarm("Remove", pod)).outcome, "done");
    assert.equal(await stage.pods.isThere(pod), true);
    assert.equal((await stage.alarm("Set", pod)).outcome, "done");
    assert.deepEqual(metadataOf(await stage.pods.read(pod)), { [KEY]: first, count: "7" });
  });

  it("finds the pod by the container's id where the alert carries no UID", async () => {
    const pod = await stage.pods.createPod("by-container");
    assert.equal((await stage.deliver("Set", { ...nameOf(pod), "container.id": containerOf(pod) })).outcome, "done");
    assert.equal(metadataOf(await stage.pods.read(pod))[KEY], first);
  });
}

function testOtherPods({ stage, node, metadataOf }: Tested): void {
  it("leaves a pod alone that has been re-created under the name", async () => {
    const old = await stage.pods.createPod("again", { annotations: SLOW });
    const successor = await stage.pods.createAgain(old);
    for (const by of [{ "k8s.pod.uid": old.metadata.uid }, { "container.id": containerOf(old) }]) {
      for (const rule of ["Set", "Set on the node"]) {
        const { status, outcome, said } = await stage.deliver(rule, { ...nameOf(old), ...by });
        assert.deepEqual({ status, outcome }, { status: 200, outcome: "replaced" }, said);
      }
    }
    assert.deepEqual(await stage.pods.read(successor), successor);
  });

  it("says that a pod is gone", async () => {
    const pod = await stage.pods.createPod("gone", { node });
    await stage.cluster.api.demand("DELETE", pathOf(pod));
    await stage.pods.untilGone(pod);
    for (const by of [{ "k8s.pod.uid": pod.metadata.uid }, { "container.id": containerOf(pod) }]) {
      for (const rule of ["Set", "Set on the node"]) {
        const { status, outcome } = await stage.deliver(rule, { ...nameOf(pod), ...by });
        assert.deepEqual({ status, outcome }, { status: 200, outcome: "gone" });
      }
    }
    assert.equal(metadataOf(await readNode(stage.cluster.api, node))[KEY], undefined);
  });

  it("leaves a pod of a protected namespace alone, and its node", async () => {
    const pod = await stage.protectedPods.createPod("protected", { node });
    assert.equal((await stage.alarm("Set", pod)).outcome, "ignored");
    assert.equal((await stage.alarm("Set on the node", pod)).outcome, "ignored");
    assert.deepEqual(await stage.pods.read(pod), pod);
    assert.equal(metadataOf(await readNode(stage.cluster.api, node))[KEY], undefined);
  });
}

function testNode({ stage, field, values: [first], node, metadataOf }: Tested): void {
  it(`adds and removes ${field} of the pod's node and touches no other node, nor the pod`, async () => {
    const pod = await stage.pods.createPod("on-a-node", { node });
    const before = metadataOf(await readNode(stage.cluster.api, node));

    assert.equal((await stage.alarm("Set on the node", pod)).outcome, "done");
    assert.deepEqual(metadataOf(await readNode(stage.cluster.api, node)), { ...before, [KEY]: first });
    for (const other of stage.cluster.nodes)
      assert.equal(metadataOf(await readNode(stage.cluster.api, other))[KEY], undefined);

    assert.equal((await stage.alarm("Remove from the node", pod)).outcome, "done");
    assert.deepEqual(metadataOf(await readNode(stage.cluster.api, node)), before);
    assert.deepEqual(await stage.pods.read(pod), pod);
  });
}
