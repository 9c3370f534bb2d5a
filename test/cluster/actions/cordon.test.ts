import assert from "node:assert/strict";

import type { ControlPlane } from "../../support/control-plane.ts";
import { alarm, containerOf, deliver, nameOf } from "../deliver.ts";
import { eventually } from "../../support/eventually.ts";
import { createNode, readNode, removeNodes } from "../nodes.ts";
import { startResponder, type RunningResponder } from "../../support/responder.ts";
import { controlPlane } from "../shared.ts";
import { pathOf, SLOW, Workloads, type Pod } from "../workloads.ts";
import { rulesFile } from "./rules.ts";

describe("kubernetes:cordon, against a real API", () => {
  let cluster: ControlPlane;
  let responder: RunningResponder;
  let pods: Workloads;
  let protectedPods: Workloads;
  const nodes: string[] = [];

  before(async function () {
    cluster = await controlPlane(this);
    pods = new Workloads(cluster, "cordon");
    protectedPods = new Workloads(cluster, "cordon-protected");
    for (const one of [pods, protectedPods]) await one.createNamespace();
    for (const name of ["cordon-0", "cordon-1"]) nodes.push(await createNode(cluster, name));
    responder = await startResponder(cluster, rulesFile("kubernetes:cordon", { Cordon: {} }), {
      defaultRules: false,
      config: { responderProtectedNamespaces: [protectedPods.namespace] },
    });
  });

  after(async () => {
    await responder.stop();
    await removeNodes(cluster, nodes);
  });

  it("leaves the node alone for a pod that was re-created under the name, one that is gone and one that is protected", async () => {
    const [node] = nodes;
    const old = await pods.createPod("again", { annotations: SLOW, node });
    await pods.createAgain(old, { node });
    const gone = await pods.createPod("gone", { node });
    await cluster.api.demand("DELETE", pathOf(gone));
    await pods.untilGone(gone);
    const guarded = await protectedPods.createPod("protected", { node });
    for (const [pod, expected] of [
      [old, "replaced"],
      [gone, "gone"],
      [guarded, "ignored"],
    ] as const) {
      for (const by of [{ "k8s.pod.uid": pod.metadata.uid }, { "container.id": containerOf(pod) }]) {
        assert.equal((await deliver(responder, "Cordon", { ...nameOf(pod), ...by })).outcome, expected);
      }
    }
    assert.equal(await isCordoned(node), false);
  });

  it("lets no further pod onto the pod's node, and leaves what runs there and every other node alone", async () => {
    const [node, other] = nodes;
    const [pod, neighbour] = [await pods.createPod("cordoned", { node }), await pods.createPod("neighbour", { node })];
    for (let times = 0; times < 2; times += 1) {
      const { outcome, said } = await alarm(responder, "Cordon", pod);
      assert.equal(outcome, "done");
      assert.match(said, /node cordon-0 is cordoned/);
      assert.equal(await isCordoned(node), true);
    }
    for (const one of [other, ...cluster.nodes]) assert.equal(await isCordoned(one), false);
    assert.deepEqual([await pods.read(pod), await pods.read(neighbour)], [pod, neighbour]);

    await schedule("to-the-cordoned", node);
    await schedule("to-the-other", other);
    await eventually(
      "the scheduler finds no place on the one",
      async () => (await scheduled("to-the-cordoned"))?.reason === "Unschedulable",
    );
    await eventually("and one on the other", async () => (await scheduled("to-the-other"))?.status === "True");
  });

  it("says so of a pod that is on no node", async () => {
    await schedule("homeless", "none");
    const pod = await eventually("it has no place", async () => {
      const found = await cluster.api.demand<Pod>("GET", `/api/v1/namespaces/${pods.namespace}/pods/homeless`);
      return (await scheduled("homeless")) && found;
    });
    const { outcome, said } = await alarm(responder, "Cordon", pod);
    assert.equal(outcome, "failed");
    assert.match(said, /pod cordon\/homeless is on no node/);
  });

  async function isCordoned(name = ""): Promise<boolean> {
    return (await readNode(cluster.api, name)).spec.unschedulable ?? false;
  }

  /** Leaves it to the scheduler to bring a pod to a node. */
  async function schedule(name: string, node = ""): Promise<void> {
    const spec = {
      nodeSelector: { "kubernetes.io/hostname": node },
      tolerations: [{ key: "of-a-test", operator: "Exists" }],
      containers: [{ name: "main", image: "alpine:3" }],
    };
    await cluster.api.demand("POST", `/api/v1/namespaces/${pods.namespace}/pods`, {
      body: { apiVersion: "v1", kind: "Pod", metadata: { name }, spec },
    });
  }

  async function scheduled(name: string): Promise<{ status: string; reason?: string } | undefined> {
    const { status } = await cluster.api.demand<Pod>("GET", `/api/v1/namespaces/${pods.namespace}/pods/${name}`);
    return status.conditions?.find(({ type }) => type === "PodScheduled");
  }
});
