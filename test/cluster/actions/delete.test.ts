import assert from "node:assert/strict";

import type { AlertOptions, Reply } from "../deliver.ts";
import { eventually } from "../../support/eventually.ts";
import { withResponder } from "../with-responder.ts";
import { Workloads } from "../workloads.ts";
import { CLUSTER_WIDE, NAMESPACED, POD, type Kind } from "./deletable.ts";
import { rulesFile } from "./rules.ts";

const ALL = [...Object.keys(NAMESPACED), ...Object.keys(CLUSTER_WIDE), "namespaces"];
const RULES = rulesFile("kubernetes:delete", {
  Delete: { resources: ALL },
  "Delete again": { resources: ALL },
  "Delete ConfigMaps and Services": { resources: ["configmaps", "services"] },
});

describe("kubernetes:delete, against a real API", () => {
  const stage = withResponder({ namespace: "delete", guarded: true, rules: RULES });
  let elsewhere: Workloads;

  before(async () => {
    elsewhere = new Workloads(stage.cluster, "delete-elsewhere");
    await elsewhere.createNamespace();
  });

  for (const resource of Object.keys(NAMESPACED)) {
    it(`deletes the one of ${resource} that the alert names, and neither another nor one of its name elsewhere`, async () => {
      const [object, neighbour, namesake] = [
        await create(resource, "deleted", stage.pods),
        await create(resource, "kept", stage.pods),
        await create(resource, "deleted", elsewhere),
      ];
      const { status, outcome, said } = await audit("Delete", resource, "deleted", stage.pods.namespace);
      assert.deepEqual({ status, outcome }, { status: 200, outcome: "done" }, said);
      assert.match(said, new RegExp(`deleted ${resource} delete/deleted`));
      await eventually(`${object} is gone`, async () => !(await isThere(object)));
      assert.deepEqual([await isThere(neighbour), await isThere(namesake)], [true, true]);
    });
  }

  for (const resource of Object.keys(CLUSTER_WIDE)) {
    it(`deletes the one of ${resource} that the alert names, and no other`, async () => {
      const [object, neighbour] = [await create(resource, "delete:me"), await create(resource, "delete:not-me")];
      const { outcome, said } = await audit("Delete", resource, "delete:me");
      assert.equal(outcome, "done", said);
      assert.deepEqual([await isThere(object), await isThere(neighbour)], [false, true]);
    });
  }

  for (const kind of ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"] as const) {
    it(`deletes a ${kind} together with its pods, and no others`, async () => {
      const node = kind === "DaemonSet" ? stage.cluster.nodes[0] : undefined;
      const count = kind === "DaemonSet" ? 1 : 2;
      const pods = await stage.pods.createWorkload(kind, `${kind}-whole`, count, { node });
      const others = await stage.pods.createWorkload(kind, `${kind}-other`, count, { node });
      const { outcome, said } = await audit(
        "Delete",
        `${kind.toLowerCase()}s`,
        `${kind.toLowerCase()}-whole`,
        stage.pods.namespace,
      );
      assert.equal(outcome, "done", said);
      for (const pod of pods) await stage.pods.untilGone(pod);
      await eventually(
        "and none takes their place",
        async () => (await stage.pods.selected({ app: `${kind.toLowerCase()}-whole` })).length === 0,
      );
      for (const pod of others) assert.equal(await stage.pods.isThere(pod), true);
    });
  }

  it("deletes a Job together with its pods", async () => {
    const app = { app: "mining" };
    const spec = { template: { metadata: { labels: app }, spec: { ...POD, restartPolicy: "Never" } } };
    await stage.cluster.api.demand("POST", `/apis/batch/v1/namespaces/${stage.pods.namespace}/jobs`, {
      body: { apiVersion: "batch/v1", kind: "Job", metadata: { name: "mining" }, spec },
    });
    const [pod] = await stage.pods.podsOf("mining", 1);
    const { outcome, said } = await audit("Delete", "jobs", "mining", stage.pods.namespace);
    assert.equal(outcome, "done", said);
    await eventually(
      "the Job is gone",
      async () => !(await isThere(`/apis/batch/v1/namespaces/${stage.pods.namespace}/jobs/mining`)),
    );
    await eventually(
      "and so is its pod, which runs on as nobody's otherwise",
      async () => !(await stage.pods.isThere(pod)),
    );
  });

  it("deletes a namespace with all that is in it, and says so once more while it goes", async () => {
    const doomed = new Workloads(stage.cluster, "delete-namespace");
    await doomed.createNamespace();
    const path = `/api/v1/namespaces/${doomed.namespace}`;
    const setFinalizers = async (finalizers: string[]): Promise<void> => {
      await stage.cluster.api.demand("PATCH", path, {
        body: { metadata: { finalizers } },
        contentType: "application/merge-patch+json",
      });
    };
    await setFinalizers(["example.com/held-by-the-test"]);
    const content = [await create("pods", "doomed", doomed), await create("configmaps", "doomed", doomed)];

    const { outcome, said } = await audit("Delete", "namespaces", doomed.namespace);
    assert.equal(outcome, "done", said);
    for (const object of content) await eventually(`${object} is gone`, async () => !(await isThere(object)));
    const again = await audit("Delete again", "namespaces", doomed.namespace);
    assert.deepEqual({ status: again.status, outcome: again.outcome }, { status: 200, outcome: "done" }, again.said);

    await setFinalizers([]);
    await eventually("the namespace is gone", async () => !(await isThere(path)));
    assert.equal((await audit("Delete", "namespaces", doomed.namespace)).outcome, "gone");
    for (const { namespace } of [stage.pods, elsewhere, stage.protectedPods])
      assert.equal(await isLeftAlone(`/api/v1/namespaces/${namespace}`), true);
  });

  it("says that what the alert names is gone already", async () => {
    for (const resource of ["configmaps", "deployments"]) {
      const { status, outcome, said } = await audit("Delete", resource, "never-was", stage.pods.namespace);
      assert.deepEqual({ status, outcome }, { status: 200, outcome: "gone" });
      assert.match(said, new RegExp(`${resource} delete/never-was is already gone`));
    }
    assert.equal((await audit("Delete", "configmaps", "any", "no-such-namespace")).outcome, "gone");
  });

  it("leaves alone what has taken the name since the alert was raised", async () => {
    const time = new Date(Date.now() - 10_000).toISOString();
    for (const resource of ["configmaps", "pods"]) {
      const object = await create(resource, "successor", stage.pods);
      const { status, outcome } = await audit("Delete", resource, "successor", stage.pods.namespace, { time });
      assert.deepEqual([status, outcome, await isLeftAlone(object)], [200, "replaced", true]);
    }
  });

  it("deletes only what is among the rule's resources", async () => {
    const [secret, service] = [
      await create("secrets", "not-among", stage.pods),
      await create("services", "among", stage.pods),
    ];
    const { status, outcome, said } = await audit(
      "Delete ConfigMaps and Services",
      "secrets",
      "not-among",
      stage.pods.namespace,
    );
    assert.deepEqual({ status, outcome }, { status: 200, outcome: "failed" });
    assert.match(said, /secrets are not among the action's resources \(configmaps, services\)/);
    assert.equal(
      (await audit("Delete ConfigMaps and Services", "services", "among", stage.pods.namespace)).outcome,
      "done",
    );
    assert.deepEqual([await isThere(secret), await isThere(service)], [true, false]);
  });

  it("leaves what is in a protected namespace alone, and the namespace itself", async () => {
    const object = await create("configmaps", "protected", stage.protectedPods);
    assert.equal((await audit("Delete", "configmaps", "protected", stage.protectedPods.namespace)).outcome, "ignored");
    assert.equal((await audit("Delete", "namespaces", stage.protectedPods.namespace)).outcome, "ignored");
    assert.equal(
      (await audit("Delete", "namespaces", stage.protectedPods.namespace, stage.protectedPods.namespace)).outcome,
      "ignored",
    );
    assert.deepEqual(
      await Promise.all([object, `/api/v1/namespaces/${stage.protectedPods.namespace}`].map(isLeftAlone)),
      [true, true],
    );
  });

  it("deletes nothing where the alert doesn't say what", async () => {
    const object = await create("configmaps", "unnamed", stage.pods);
    for (const fields of [
      {},
      { "ka.target.resource": "configmaps", "ka.target.namespace": "delete" },
      { "ka.target.resource": "configmaps", "ka.target.name": "unnamed" },
    ]) {
      assert.equal((await stage.deliver("Delete", fields, { source: "k8s_audit" })).outcome, "no-pod");
    }
    assert.equal(await isLeftAlone(object), true);
  });

  /** Delivers an alert of the API server's audit log. */
  async function audit(
    rule: string,
    resource: string,
    name: string,
    namespace = "<NA>",
    more: Pick<AlertOptions, "time"> = {},
  ): Promise<Reply> {
    return stage.deliver(
      rule,
      { "ka.target.resource": resource, "ka.target.name": name, "ka.target.namespace": namespace },
      { source: "k8s_audit", ...more },
    );
  }

  /** Makes an object; gives its path. */
  async function create(
    resource: string,
    name: string,
    { namespace }: { namespace?: string } = {},
    metadata: object = {},
  ): Promise<string> {
    const { apiVersion, kind, body = {} } = { ...NAMESPACED, ...CLUSTER_WIDE }[resource] as Kind;
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const path = `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${resource}`;
    await stage.cluster.api.demand("POST", path, {
      body: { apiVersion, kind, metadata: { name, ...metadata }, ...body },
    });
    return `${path}/${name}`;
  }

  async function isThere(path: string): Promise<boolean> {
    return (await stage.cluster.api.request("GET", path)).status === 200;
  }

  /** Whether it is there, and is to stay. */
  async function isLeftAlone(path: string): Promise<boolean> {
    const { status, body } = await stage.cluster.api.request("GET", path);
    return status === 200 && body.metadata?.deletionTimestamp === undefined;
  }
});
