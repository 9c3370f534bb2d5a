import assert from "node:assert/strict";

import { containerOf, nameOf } from "../deliver.ts";
import { eventually } from "../../support/eventually.ts";
import { readNode } from "../nodes.ts";
import { pathOf, SLOW, type Pod } from "../workloads.ts";
import { withResponder } from "../with-responder.ts";
import { rulesFile } from "./rules.ts";

describe("kubernetes:cordon, against a real API", () => {
  const nodes = ["cordon-0", "cordon-1"];
  const rules = rulesFile("kubernetes:cordon", { Cordon: {} });
  const stage = withResponder({ namespace: "cordon", guarded: true, nodes, rules });

  it("leaves the node alone for a pod that was re-created under the name, one that is gone and one that is protected", async () => {
    const [node] = nodes;
    const old = await stage.pods.createPod("again", { annotations: SLOW, node });
    await stage.pods.createAgain(old, { node });
    const gone = await stage.pods.createPod("gone", { node });
    await stage.cluster.api.demand("DELETE", pathOf(gone));
    await stage.pods.untilGone(gone);
    const guarded = await stage.protectedPods.createPod("protected", { node });
    for (const [pod, expected] of [
      [old, "replaced"],
      [gone, "gone"],
      [guarded, "ignored"],
    ] as const) {
      for (const by of [{ "k8s.pod.uid": pod.metadata.uid }, { "container.id": containerOf(pod) }]) {
        assert.equal((await stage.deliver("Cordon", { ...nameOf(pod), ...by })).outcome, expected);
      }
    }
    assert.equal(await isCordoned(node), false);
  });

  it("lets no further pod onto the pod's node, and leaves what runs there and every other node alone", async () => {
    const [node, other] = nodes;
    const [pod, neighbour] = [
      await stage.pods.createPod("cordoned", { node }),
      await stage.pods.createPod("neighbour", { node }),
    ];
    for (let times = 0; times < 2; times += 1) {
      const { outcome, said } = await stage.alarm("Cordon", pod);
      assert.equal(outcome, "done");
      assert.match(said, /node cordon-0 is cordoned/);
      assert.equal(await isCordoned(node), true);
    }
    for (const one of [other, ...stage.cluster.nodes]) assert.equal(await isCordoned(one), false);
    assert.deepEqual([await stage.pods.read(pod), await stage.pods.read(neighbour)], [pod, neighbour]);

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
      const found = await stage.cluster.api.demand<Pod>(
        "GET",
        `/api/v1/namespaces/${stage.pods.namespace}/pods/homeless`,
      );
      return (await scheduled("homeless")) && found;
    });
    const { outcome, said } = await stage.alarm("Cordon", pod);
    assert.equal(outcome, "failed");
    assert.match(said, /pod cordon\/homeless is on no node/);
  });

  async function isCordoned(name = ""): Promise<boolean> {
    return (await readNode(stage.cluster.api, name)).spec.unschedulable ?? false;
  }

  /** Leaves it to the scheduler to bring a pod to a node. */
  async function schedule(name: string, node = ""): Promise<void> {
    const spec = {
      nodeSelector: { "kubernetes.io/hostname": node },
      tolerations: [{ key: "of-a-test", operator: "Exists" }],
      containers: [{ name: "main", image: "alpine:3" }],
    };
    await stage.cluster.api.demand("POST", `/api/v1/namespaces/${stage.pods.namespace}/pods`, {
      body: { apiVersion: "v1", kind: "Pod", metadata: { name }, spec },
    });
  }

  async function scheduled(name: string): Promise<{ status: string; reason?: string } | undefined> {
    const { status } = await stage.cluster.api.demand<Pod>(
      "GET",
      `/api/v1/namespaces/${stage.pods.namespace}/pods/${name}`,
    );
    return status.conditions?.find(({ type }) => type === "PodScheduled");
  }
});
