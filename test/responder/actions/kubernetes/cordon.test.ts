import assert from "node:assert/strict";
import { cordon } from "../../../../responder/actions/kubernetes/cordon.ts";
import { alert, cluster, occasion, pod } from "../../fixtures.ts";

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

  const HOST = { "container.id": "host", "k8s.ns.name": null, "k8s.pod.name": null };
  const ofHost = async (time: string | null, creationTimestamp?: string) => {
    const on = cluster({ node: () => ({ metadata: { name: "node-1", uid: "node-uid", creationTimestamp } }) });
    const { outcome } = await cordon.prepare({}).run(occasion(on, alert(HOST, { time })));
    return `${outcome} ${on.calls.map(({ verb }) => verb).join(", ")}`;
  };
  const RAISED = "2026-11-23T16:31:56.746609046Z";

  it("makes the node of an alert of the host unschedulable, where it is as old as the alert", async () => {
    assert.equal(await ofHost(RAISED, "2026-11-23T16:31:56Z"), "done get node, patch node");
    assert.equal(await ofHost(RAISED, "2026-11-23T16:31:57Z"), "replaced get node");
  });

  it("fails where nobody can tell whether the node is older than the alert", async () => {
    for (const time of [null, "never", "2126-01-01T00:00:00Z"])
      assert.equal(await ofHost(time, "2026-11-23T16:31:56Z"), "failed get node");
    for (const made of [undefined, "never"]) assert.equal(await ofHost(RAISED, made), "failed get node");
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

  it("makes the node of an alert of the host unschedulable, by its UID", async () => {
    const fields = { "container.id": "host", "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null };
    const made = { name: "node-1", uid: "node-uid", creationTimestamp: "2026-11-01T00:00:00Z" };
    const on = cluster({ node: () => ({ metadata: made }) });
    const result = await cordon.prepare({}).run(occasion(on, alert(fields)));
    assert.deepEqual(result, { outcome: "done", message: "node node-1 is cordoned" });
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get node", "patch node"],
    );
  });
});
