import assert from "node:assert/strict";
import { terminate } from "../../../../responder/actions/kubernetes/terminate.ts";
import { alert, apiError, cluster, pod, POD_UID } from "../../fixtures.ts";

const ID = "3ad7b26ded6d0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899a";
const container = {
  name: "a",
  containerID: `containerd://${ID}`,
  image: "",
  imageID: "",
  ready: true,
  restartCount: 0,
};
const running = { containerStatuses: [container] };

async function run(
  on: ReturnType<typeof cluster>,
  parameters: Record<string, unknown> = {},
  fields: Record<string, unknown> = {},
) {
  return await terminate
    .prepare(parameters)
    .run({ alert: alert(fields), cluster: on, protection: () => undefined, context: new Map() });
}

const WITHOUT_UID = { "k8s.pod.uid": null };

describe("kubernetes:terminate", () => {
  it("deletes by the alert's UID with one call, and at once", async () => {
    const on = cluster({});
    assert.equal((await run(on)).outcome, "terminated");
    const body = { gracePeriodSeconds: 0, uid: POD_UID };
    assert.deepEqual(on.calls, [{ verb: "delete", name: "alpine", body }]);
  });

  it("says terminated only where the API's answer shows it, and what the pod still waits for", async () => {
    const saying = async (metadata: Record<string, unknown>) =>
      await run(cluster({ remove: () => ({ metadata: { uid: POD_UID, ...metadata } }) }));
    const since = { deletionTimestamp: "2026-11-23T16:31:56Z" };
    const described = `pod default/alpine (uid ${POD_UID})`;
    assert.equal((await saying(since)).message, `terminated ${described}`);
    assert.equal(
      (await saying({ ...since, deletionGracePeriodSeconds: 5, finalizers: ["example.com/keep"] })).message,
      `${described} is being terminated: it has 5 s to end, held by its finalizers: example.com/keep`,
    );
    for (const metadata of [{}, { ...since, uid: "another" }]) {
      const message = `the API took the deletion of ${described}, but doesn't show it`;
      assert.deepEqual(await saying(metadata), { outcome: "failed", message });
    }
  });

  it("gives the pod the seconds that grace_period_seconds says", async () => {
    const on = cluster({});
    await run(on, { grace_period_seconds: 5 });
    assert.deepEqual(on.calls[0]?.body, { gracePeriodSeconds: 5, uid: POD_UID });
  });

  it("compares the container's id where the alert has no UID, and makes the pod's UID the precondition", async () => {
    const on = cluster({ pod: () => pod(running) });
    assert.equal((await run(on, {}, WITHOUT_UID)).outcome, "terminated");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "delete"],
    );
    assert.deepEqual(on.calls[1]?.body, { gracePeriodSeconds: 0, uid: POD_UID });
  });

  it("knows a container that has restarted since", async () => {
    const terminated = { containerID: `containerd://${ID}`, exitCode: 0 };
    const restarted = [{ ...container, containerID: "containerd://ffff", lastState: { terminated } }];
    const on = cluster({ pod: () => pod({ containerStatuses: restarted }) });
    assert.equal((await run(on, {}, WITHOUT_UID)).outcome, "terminated");
  });

  it("knows an init and an ephemeral container", async () => {
    for (const key of ["initContainerStatuses", "ephemeralContainerStatuses"]) {
      const on = cluster({ pod: () => pod({ [key]: running.containerStatuses }) });
      assert.equal((await run(on, {}, WITHOUT_UID)).outcome, "terminated", key);
    }
  });

  it("leaves a pod of the same name with another container alone", async () => {
    const on = cluster({ pod: () => pod({ containerStatuses: [] }) });
    assert.equal((await run(on, {}, WITHOUT_UID)).outcome, "replaced");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get"],
    );
  });

  it("leaves a pod of the same name with another UID alone, as the API tells it", async () => {
    const conflict = apiError(
      409,
      `Operation cannot be fulfilled on pods "alpine": the UID in the precondition (${POD_UID}) does not match the UID in record (x). The object might have been deleted and then recreated`,
    );
    const on = cluster({
      remove: () => {
        throw conflict;
      },
    });
    assert.equal((await run(on)).outcome, "replaced");
  });

  it("leaves the pod alone where the alert says neither UID nor container", async () => {
    for (const id of [null, "host", "3ad"]) {
      const on = cluster({ pod: () => pod(running) });
      const { outcome, message } = await run(on, {}, { ...WITHOUT_UID, "container.id": id });
      assert.equal(outcome, "failed");
      assert.match(message, /k8s.pod.uid/);
      assert.ok(!on.calls.some(({ verb }) => verb === "delete"));
    }
  });

  it("finds nothing to do where the pod is gone, whichever call tells", async () => {
    const gone = () => {
      throw apiError(404, 'pods "alpine" not found');
    };
    assert.equal((await run(cluster({ remove: gone }))).outcome, "gone");
    assert.equal((await run(cluster({ pod: gone }), {}, WITHOUT_UID)).outcome, "gone");
  });

  for (const code of [401, 403, 409, 422, 429, 500, 503]) {
    it(`passes the API's ${code} on as it is`, async () => {
      const error = apiError(code, "no");
      await assert.rejects(
        run(
          cluster({
            remove: () => {
              throw error;
            },
          }),
        ),
        (thrown) => thrown === error,
      );
    });
  }

  const owners: [string, string, Record<string, unknown>][] = [
    ["ignore_daemonsets", "DaemonSet", { ignore_daemonsets: true }],
    ["ignore_statefulsets", "StatefulSet", { ignore_statefulsets: "true" }],
  ];
  for (const [parameter, kind, parameters] of owners) {
    it(`leaves a pod of a ${kind} alone with ${parameter}, and no other`, async () => {
      const owned = cluster({ pod: () => pod(running, { kind, name: "owner" }) });
      const { outcome, message } = await run(owned, parameters);
      assert.equal(outcome, "ignored");
      assert.match(message, new RegExp(`${kind} owner`));
      assert.deepEqual(
        owned.calls.map(({ verb }) => verb),
        ["get"],
      );
      const other = cluster({ pod: () => pod(running, { kind: "ReplicaSet", name: "owner" }) });
      assert.equal((await run(other, parameters)).outcome, "terminated");
    });
  }

  it("leaves a pod without a controller alone with ignore_standalone_pods", async () => {
    assert.equal((await run(cluster({}), { ignore_standalone_pods: true })).outcome, "ignored");
    const owned = cluster({ pod: () => pod(running, { kind: "Job", name: "owner" }) });
    assert.equal((await run(owned, { ignore_standalone_pods: true })).outcome, "terminated");
  });

  const minima: [string | number, number, number, string][] = [
    [2, 1, 3, "ignored"],
    [2, 2, 3, "terminated"],
    ["2", 2, 3, "terminated"],
    ["50%", 1, 3, "ignored"],
    ["50%", 2, 4, "terminated"],
    ["100%", 0, 0, "terminated"],
  ];
  for (const kind of ["ReplicaSet", "StatefulSet"]) {
    for (const [minimum, ready, wanted, outcome] of minima) {
      it(`is ${outcome} with min_healthy_replicas ${minimum} where ${ready} of ${wanted} pods of a ${kind} are ready`, async () => {
        const on = cluster({ pod: () => pod(running, { kind, name: "owner" }), replicas: { ready, wanted } });
        assert.equal((await run(on, { min_healthy_replicas: minimum })).outcome, outcome);
      });
    }
  }

  it("with a parameter that asks about the pod still deletes no other", async () => {
    const on = cluster({ pod: () => ({ status: running, metadata: { uid: "another" } }) });
    assert.equal((await run(on, { ignore_daemonsets: true })).outcome, "replaced");
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get"],
    );
  });

  const since = { uid: POD_UID, deletionTimestamp: "2026-11-23T16:31:56Z" };
  const answered: [string, object, string, string][] = [
    [
      "that it is going",
      { ...since, deletionGracePeriodSeconds: 0 },
      "terminated",
      `terminated pod default/alpine (uid ${POD_UID})`,
    ],
    [
      "that it has time to end",
      { ...since, deletionGracePeriodSeconds: 30 },
      "terminated",
      `pod default/alpine (uid ${POD_UID}) is being terminated: it has 30 s to end`,
    ],
    [
      "that a finalizer holds it",
      { ...since, finalizers: ["example.com/keep"] },
      "terminated",
      `pod default/alpine (uid ${POD_UID}) is being terminated: held by its finalizers: example.com/keep`,
    ],
    [
      "nothing of a deletion",
      { uid: POD_UID },
      "failed",
      `the API took the deletion of pod default/alpine (uid ${POD_UID}), but doesn't show it`,
    ],
    [
      "another pod",
      { ...since, uid: "another" },
      "failed",
      `the API took the deletion of pod default/alpine (uid ${POD_UID}), but doesn't show it`,
    ],
  ];
  for (const [what, metadata, outcome, message] of answered) {
    it(`is ${outcome} where the API's answer shows ${what}`, async () => {
      assert.deepEqual(await run(cluster({ remove: () => ({ metadata }) })), { outcome, message });
    });
  }
});
