import assert from "node:assert/strict";
import { cordon } from "../../../../responder/actions/kubernetes/cordon.ts";
import { alert, cluster, pod } from "../../fixtures.ts";

describe("kubernetes:cordon", () => {
  it("makes the pod's node unschedulable", async () => {
    const on = cluster({ pod: () => ({ ...pod(), spec: { nodeName: "node-1", containers: [] } }) });
    assert.deepEqual(
      await cordon.prepare({}).run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() }),
      { outcome: "done", message: "node node-1 is cordoned" },
    );
    const body = { spec: { unschedulable: true }, metadata: { uid: "node-uid" } };
    assert.deepEqual(on.calls.slice(1), [
      { verb: "get node", name: "node-1" },
      { verb: "patch node", name: "node-1", body },
    ]);
  });

  it("leaves the node alone where the pod is another than the one that raised the alert", async () => {
    const on = cluster({ pod: () => ({ metadata: { uid: "another" }, spec: { nodeName: "node-1", containers: [] } }) });
    assert.equal(
      (await cordon.prepare({}).run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() }))
        .outcome,
      "replaced",
    );
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get"],
    );
  });
});
