import assert from "node:assert/strict";
import { CONTEXTS } from "../../../responder/actions/contexts.ts";
import { alert, apiError, cluster, CONTAINER_ID, container, pod, running } from "../fixtures.ts";

const POD = () => running(container("app", { containerID: CONTAINER_ID }));

async function read(on: ReturnType<typeof cluster>) {
  const context = CONTEXTS.find(({ name }) => name === "k8snode");
  const reference = alert().named.pod;
  assert.ok(context && reference);
  return Object.fromEntries(await context.read(on, reference));
}

describe("the context k8snode", () => {
  it("says of the pod's node what falco-talon does", async () => {
    const labels = {
      "kubernetes.io/hostname": "node-1.example.com",
      "node.kubernetes.io/instance-type": "m5.large",
      "kubernetes.io/role": "worker",
      "topology.kubernetes.io/region": "eu-central-1",
      "topology.kubernetes.io/zone": "eu-central-1a",
      other: "label",
    };
    const on = cluster({
      pod: POD,
      node: () => ({ metadata: { labels }, spec: { providerID: "aws:///eu-central-1a/i-1" } }),
    });
    assert.deepEqual(await read(on), {
      "node.hostname": "node-1.example.com",
      "node.instancetype": "m5.large",
      "node.role": "worker",
      "node.topology.region": "eu-central-1",
      "node.topology.zone": "eu-central-1a",
      "node.spec.providerid": "aws:///eu-central-1a/i-1",
    });
    assert.deepEqual(on.calls, [
      { verb: "get", name: "alpine" },
      { verb: "get node", name: "node-1" },
    ]);
  });

  it("leaves out what the node doesn't have", async () => {
    assert.deepEqual(
      await read(
        cluster({
          pod: POD,
          node: () => ({ metadata: { labels: { "kubernetes.io/hostname": "node-1", "kubernetes.io/role": "" } } }),
        }),
      ),
      { "node.hostname": "node-1" },
    );
    assert.deepEqual(await read(cluster({ pod: POD })), {});
  });

  it("says nothing of a pod that is gone, is another or is on no node, and asks for no node", async () => {
    const pods = [
      () => {
        throw apiError(404, "gone");
      },
      () => ({ ...POD(), metadata: { uid: "another" } }),
      () => pod(),
    ];
    for (const answer of pods) {
      const on = cluster({ pod: answer });
      assert.deepEqual(await read(on), {});
      assert.deepEqual(
        on.calls.map(({ verb }) => verb),
        ["get"],
      );
    }
  });

  it("says nothing of a node that is gone before its pods", async () => {
    assert.deepEqual(
      await read(
        cluster({
          pod: POD,
          node: () => {
            throw apiError(404, 'nodes "node-1" not found');
          },
        }),
      ),
      {},
    );
  });

  it("passes on what the API refuses", async () => {
    const error = apiError(403, "no");
    await assert.rejects(
      read(
        cluster({
          pod: POD,
          node: () => {
            throw error;
          },
        }),
      ),
      (thrown) => thrown === error,
    );
  });
});
