import assert from "node:assert/strict";
import type { V1Pod } from "@kubernetes/client-node";
import { evidence } from "../../../../responder/actions/kubernetes/evidence.ts";
import { alert, apiError, cluster, CONTAINER_ID, container, pod, POD_UID, running } from "../../fixtures.ts";

const APP = () => running(container("app", { containerID: CONTAINER_ID }));

async function run(on: ReturnType<typeof cluster>, parameters: Record<string, unknown> = {}) {
  return await evidence
    .prepare(parameters)
    .run({ alert: alert(), cluster: on, protection: () => undefined, context: new Map() });
}

async function kept(on: ReturnType<typeof cluster>, parameters: Record<string, unknown> = {}) {
  const { outcome, message, output } = await run(on, parameters);
  assert.equal(outcome, "done");
  assert.equal(output?.mediaType, "application/json");
  const { truncated } = output;
  return {
    message,
    truncated,
    ...(JSON.parse(output.text) as { pod: V1Pod; owners: unknown[]; events: unknown[]; logs: unknown[] }),
  };
}

function owned(by: { kind: string; name: string; apiVersion?: string }, controller = true): V1Pod {
  const reference = { apiVersion: "apps/v1", uid: "owner", controller, ...by };
  const known = APP();
  return { ...known, metadata: { ...known.metadata, ownerReferences: [reference] } };
}

/** Owners by kind and name, as the API gives them. */
const objects = (known: Record<string, unknown>) => (kind: string, name: string) => {
  const key = `${kind} ${name}`;
  if (!(key in known)) throw apiError(404, "not found");
  return known[key];
};

describe("kubernetes:evidence", () => {
  it("keeps the pod as the API has it, without who wrote which field", async () => {
    const whole = APP();
    const on = cluster({
      pod: () => ({
        ...whole,
        metadata: { ...whole.metadata, labels: { app: "a" }, managedFields: [{ manager: "kubectl" }] },
      }),
    });
    const { pod: told, message } = await kept(on);
    assert.deepEqual(told, { ...whole, metadata: { ...whole.metadata, labels: { app: "a" } } });
    assert.equal(message, "kept the evidence of pod default/alpine: no owner, 0 events, 1 logs");
  });

  it("keeps what owns the pod, up to what nothing owns", async () => {
    const deployment = { metadata: { name: "web", uid: "d", managedFields: [{}] }, spec: { replicas: 3 } };
    const replicaSet = {
      metadata: {
        name: "web-7c9d",
        uid: "owner",
        ownerReferences: [{ kind: "Deployment", name: "web", apiVersion: "apps/v1", uid: "d", controller: true }],
      },
    };
    const on = cluster({
      pod: () => owned({ kind: "ReplicaSet", name: "web-7c9d" }),
      object: objects({
        "ReplicaSet web-7c9d": replicaSet,
        "Deployment web": deployment,
      }),
    });
    const { owners, message } = await kept(on);
    assert.deepEqual(owners, [
      { kind: "ReplicaSet", name: "web-7c9d", object: replicaSet },
      { kind: "Deployment", name: "web", object: { metadata: { name: "web", uid: "d" }, spec: { replicas: 3 } } },
    ]);
    assert.match(message, /: ReplicaSet web-7c9d, Deployment web, /);
  });

  it("knows the owners of jobs", async () => {
    const on = cluster({
      pod: () => owned({ kind: "Job", name: "etl", apiVersion: "batch/v1" }),
      object: objects({ "Job etl": { metadata: { uid: "owner" } } }),
    });
    assert.deepEqual((await kept(on)).owners, [{ kind: "Job", name: "etl", object: { metadata: { uid: "owner" } } }]);
  });

  it("names an owner of a kind that isn't Kubernetes' own, and does not ask for it", async () => {
    for (const apiVersion of ["argoproj.io/v1alpha1", "apps/v1beta1"]) {
      const on = cluster({ pod: () => owned({ kind: "ReplicaSet", name: "web", apiVersion }) });
      assert.deepEqual((await kept(on)).owners, [{ kind: "ReplicaSet", name: "web" }]);
      assert.ok(!on.calls.some(({ verb }) => verb === "get owner"));
    }
  });

  it("names an owner that is gone", async () => {
    const on = cluster({ pod: () => owned({ kind: "ReplicaSet", name: "web" }), object: objects({}) });
    assert.deepEqual((await kept(on)).owners, [{ kind: "ReplicaSet", name: "web" }]);
  });

  it("goes by the controller alone", async () => {
    const on = cluster({ pod: () => owned({ kind: "ReplicaSet", name: "web" }, false) });
    assert.deepEqual((await kept(on)).owners, []);
  });

  it("keeps the pod's Kubernetes Events, of this pod and of none before it", async () => {
    const event = {
      metadata: { name: "alpine.1", managedFields: [{}] },
      involvedObject: { name: "alpine" },
      reason: "BackOff",
    };
    const on = cluster({ pod: APP, events: () => [event] });
    const { events, message } = await kept(on);
    assert.deepEqual(events, [{ ...event, metadata: { name: "alpine.1" } }]);
    assert.match(message, / 1 events, /);
    assert.equal(on.calls.find(({ verb }) => verb === "list events")?.name, `involvedObject.uid=${POD_UID}`);
  });

  it("says that there were more events than are kept", async () => {
    const on = cluster({ pod: APP });
    on.list = () => Promise.resolve({ items: [], more: true });
    assert.equal((await kept(on)).truncated, true);
  });

  it("keeps nothing of a pod that is gone, or of another of its name", async () => {
    const gone = cluster({
      pod: () => {
        throw apiError(404, "gone");
      },
    });
    const another = cluster({ pod: () => ({ ...pod(), metadata: { uid: "another" } }) });
    for (const [on, outcome] of [
      [gone, "gone"],
      [another, "replaced"],
    ] as const) {
      const result = await run(on);
      assert.equal(result.outcome, outcome);
      assert.equal(result.output, undefined);
      assert.deepEqual(
        on.calls.map(({ verb }) => verb),
        ["get"],
      );
    }
  });

  const refusals: [string, number, (error: Error) => Parameters<typeof cluster>[0]][] = [
    [
      "the owner",
      403,
      (error) => ({
        pod: () => owned({ kind: "ReplicaSet", name: "web" }),
        object: () => {
          throw error;
        },
      }),
    ],
    [
      "the events",
      403,
      (error) => ({
        pod: APP,
        events: () => {
          throw error;
        },
      }),
    ],
    [
      "a log",
      500,
      (error) => ({
        pod: APP,
        log: () => {
          throw error;
        },
      }),
    ],
    [
      "a log of a pod that has gone midway",
      404,
      (error) => ({
        pod: APP,
        log: () => {
          throw error;
        },
      }),
    ],
  ];
  for (const [what, code, answers] of refusals) {
    it(`passes the API's ${code} for ${what} on as it is`, async () => {
      const error = apiError(code, "no");
      await assert.rejects(run(cluster(answers(error))), (thrown) => thrown === error);
    });
  }

  it("needs to read what it keeps and nothing else", () => {
    const { permissions } = evidence.prepare({});
    assert.deepEqual(
      permissions.filter(({ verbs }) => verbs.join() !== "get"),
      [{ apiGroup: "", resource: "events", verbs: ["list"] }],
    );
    assert.deepEqual(
      permissions.filter(({ apiGroup }) => apiGroup !== "").map(({ apiGroup, resource }) => `${apiGroup}/${resource}`),
      ["apps/replicasets", "apps/deployments", "apps/statefulsets", "apps/daemonsets", "batch/jobs", "batch/cronjobs"],
    );
  });
});
