import assert from "node:assert/strict";
import { findByContainer } from "../../../../responder/actions/pods/find-by-container.ts";
import { cluster, CONTAINER_ID, container, POD_UID, running } from "../../fixtures.ts";

const ID = "3ad7b26ded6d";
const APP = running(container("app", { containerID: CONTAINER_ID }));
const find = (...pods: object[]) => findByContainer(cluster({ onNode: () => pods }), ID, "node-1");

describe("the pod of a container", () => {
  it("is the one on the node whose container has the id, with its UID", async () => {
    const on = cluster({ onNode: () => [running(container("other", { containerID: "containerd://ffff" })), APP] });
    assert.deepEqual(await findByContainer(on, ID, "node-1"), {
      namespace: "default",
      name: "alpine",
      uid: POD_UID,
      containerId: ID,
    });
    assert.deepEqual(
      on.calls.map(({ verb, name }) => `${verb} ${name}`),
      ["list spec.nodeName=node-1"],
    );
  });

  it("is the one whose container had it before it restarted", async () => {
    const lastState = { terminated: { containerID: CONTAINER_ID, exitCode: 1 } };
    const found = await find(running(container("app", { containerID: "containerd://ffff", lastState })));
    assert.ok(typeof found !== "string");
    assert.equal(found.name, "alpine");
  });

  it("is none of another node's, whatever the API lists", async () => {
    const elsewhere = { ...APP, spec: { ...APP.spec, nodeName: "node-2" } };
    assert.equal(await find(elsewhere), "no pod on node node-1 has it");
  });

  it("is none where several say that they have it", async () => {
    assert.equal(
      await find(APP, { ...APP, metadata: { ...APP.metadata, name: "twin" } }),
      "2 pods on node node-1 say that they have it",
    );
  });

  for (const metadata of [
    { name: "..", namespace: "default", uid: POD_UID },
    { name: "alpine", namespace: "default" },
    {},
  ]) {
    it(`is none that is called ${JSON.stringify(metadata)}`, async () => {
      assert.equal(await find({ ...APP, metadata }), "the pod on node node-1 that has it has no name");
    });
  }

  it("says where there were more pods than are looked at", async () => {
    const on = { ...cluster({}), list: () => Promise.resolve({ items: [], more: true }) };
    assert.equal(await findByContainer(on, ID, "node-1"), "none of the first 1000 pods on node node-1 has it");
  });
});
