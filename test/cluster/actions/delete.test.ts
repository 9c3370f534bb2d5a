import assert from "node:assert/strict";

import type { ControlPlane } from "../../support/control-plane.ts";
import { deliver, type Reply } from "../deliver.ts";
import { eventually } from "../../support/eventually.ts";
import { startResponder, type RunningResponder } from "../../support/responder.ts";
import { controlPlane } from "../shared.ts";
import { Workloads } from "../workloads.ts";
import { rulesFile } from "./rules.ts";

const APP = { app: "deleted" };
/** Nothing is to wait for its end. */
const POD = { containers: [{ name: "main", image: "alpine:3" }], terminationGracePeriodSeconds: 0 };
const WORKLOAD = { selector: { matchLabels: APP }, template: { metadata: { labels: APP }, spec: POD } };
const JOB = { template: { metadata: { labels: APP }, spec: { ...POD, restartPolicy: "Never" } } };
const ROLE_REF = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };

interface Kind {
  apiVersion: string;
  kind: string;
  /** What an object of it needs, but its name. */
  body?: object;
}

/** By the resource's name in an audit alert. */
const NAMESPACED: Readonly<Record<string, Kind>> = {
  configmaps: { apiVersion: "v1", kind: "ConfigMap" },
  pods: { apiVersion: "v1", kind: "Pod", body: { spec: POD } },
  secrets: { apiVersion: "v1", kind: "Secret" },
  serviceaccounts: { apiVersion: "v1", kind: "ServiceAccount" },
  services: { apiVersion: "v1", kind: "Service", body: { spec: { selector: APP, ports: [{ port: 80 }] } } },
  daemonsets: { apiVersion: "apps/v1", kind: "DaemonSet", body: { spec: WORKLOAD } },
  deployments: { apiVersion: "apps/v1", kind: "Deployment", body: { spec: WORKLOAD } },
  replicasets: { apiVersion: "apps/v1", kind: "ReplicaSet", body: { spec: WORKLOAD } },
  statefulsets: { apiVersion: "apps/v1", kind: "StatefulSet", body: { spec: { ...WORKLOAD, serviceName: "deleted" } } },
  cronjobs: {
    apiVersion: "batch/v1",
    kind: "CronJob",
    body: { spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: JOB } } },
  },
  jobs: { apiVersion: "batch/v1", kind: "Job", body: { spec: JOB } },
  ingresses: {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    body: { spec: { defaultBackend: { service: { name: "deleted", port: { number: 80 } } } } },
  },
  networkpolicies: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", body: { spec: { podSelector: {} } } },
  rolebindings: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", body: { roleRef: ROLE_REF } },
  roles: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", body: { rules: [] } },
};

const CLUSTER_WIDE: Readonly<Record<string, Kind>> = {
  clusterrolebindings: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    body: { roleRef: ROLE_REF },
  },
  clusterroles: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", body: { rules: [] } },
};

const ALL = [...Object.keys(NAMESPACED), ...Object.keys(CLUSTER_WIDE), "namespaces"];
const RULES = rulesFile("kubernetes:delete", {
  Delete: { resources: ALL },
  "Delete again": { resources: ALL },
  "Delete ConfigMaps and Services": { resources: ["configmaps", "services"] },
});

describe("kubernetes:delete, against a real API", () => {
  let cluster: ControlPlane;
  let responder: RunningResponder;
  let here: Workloads;
  let elsewhere: Workloads;
  let guarded: Workloads;

  before(async function () {
    cluster = await controlPlane(this);
    [here, elsewhere, guarded] = ["delete", "delete-elsewhere", "delete-protected"].map(
      (name) => new Workloads(cluster, name),
    ) as [Workloads, Workloads, Workloads];
    for (const one of [here, elsewhere, guarded]) await one.createNamespace();
    responder = await startResponder(cluster, RULES, {
      defaultRules: false,
      config: { responderProtectedNamespaces: [guarded.namespace] },
    });
  });

  after(async () => {
    await responder.stop();
  });

  for (const resource of Object.keys(NAMESPACED)) {
    it(`deletes the one of ${resource} that the alert names, and neither another nor one of its name elsewhere`, async () => {
      const [object, neighbour, namesake] = [
        await create(resource, "deleted", here),
        await create(resource, "kept", here),
        await create(resource, "deleted", elsewhere),
      ];
      const { status, outcome, said } = await audit("Delete", resource, "deleted", here.namespace);
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
      const node = kind === "DaemonSet" ? cluster.nodes[0] : undefined;
      const count = kind === "DaemonSet" ? 1 : 2;
      const pods = await here.createWorkload(kind, `${kind}-whole`, count, { node });
      const others = await here.createWorkload(kind, `${kind}-other`, count, { node });
      const { outcome, said } = await audit(
        "Delete",
        `${kind.toLowerCase()}s`,
        `${kind.toLowerCase()}-whole`,
        here.namespace,
      );
      assert.equal(outcome, "done", said);
      for (const pod of pods) await here.untilGone(pod);
      await eventually(
        "and none takes their place",
        async () => (await here.selected({ app: `${kind.toLowerCase()}-whole` })).length === 0,
      );
      for (const pod of others) assert.equal(await here.isThere(pod), true);
    });
  }

  it("deletes a Job together with its pods", async () => {
    const app = { app: "mining" };
    const spec = { template: { metadata: { labels: app }, spec: { ...POD, restartPolicy: "Never" } } };
    await cluster.api.demand("POST", `/apis/batch/v1/namespaces/${here.namespace}/jobs`, {
      body: { apiVersion: "batch/v1", kind: "Job", metadata: { name: "mining" }, spec },
    });
    const [pod] = await here.podsOf("mining", 1);
    const { outcome, said } = await audit("Delete", "jobs", "mining", here.namespace);
    assert.equal(outcome, "done", said);
    await eventually(
      "the Job is gone",
      async () => !(await isThere(`/apis/batch/v1/namespaces/${here.namespace}/jobs/mining`)),
    );
    await eventually("and so is its pod, which runs on as nobody's otherwise", async () => !(await here.isThere(pod)), {
      seconds: 5,
    });
  });

  it("deletes a namespace with all that is in it, and says so once more while it goes", async () => {
    const doomed = new Workloads(cluster, "delete-namespace");
    await doomed.createNamespace();
    const path = `/api/v1/namespaces/${doomed.namespace}`;
    const setFinalizers = async (finalizers: string[]): Promise<void> => {
      await cluster.api.demand("PATCH", path, {
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
    for (const { namespace } of [here, elsewhere, guarded])
      assert.equal(await isLeftAlone(`/api/v1/namespaces/${namespace}`), true);
  });

  it("says that what the alert names is gone already", async () => {
    for (const resource of ["configmaps", "deployments"]) {
      const { status, outcome, said } = await audit("Delete", resource, "never-was", here.namespace);
      assert.deepEqual({ status, outcome }, { status: 200, outcome: "gone" });
      assert.match(said, new RegExp(`${resource} delete/never-was is already gone`));
    }
    assert.equal((await audit("Delete", "configmaps", "any", "no-such-namespace")).outcome, "gone");
  });

  it("deletes only what is among the rule's resources", async () => {
    const [secret, service] = [await create("secrets", "not-among", here), await create("services", "among", here)];
    const { status, outcome, said } = await audit(
      "Delete ConfigMaps and Services",
      "secrets",
      "not-among",
      here.namespace,
    );
    assert.deepEqual({ status, outcome }, { status: 200, outcome: "failed" });
    assert.match(said, /secrets are not among the action's resources \(configmaps, services\)/);
    assert.equal((await audit("Delete ConfigMaps and Services", "services", "among", here.namespace)).outcome, "done");
    assert.deepEqual([await isThere(secret), await isThere(service)], [true, false]);
  });

  it("leaves what is in a protected namespace alone, and the namespace itself", async () => {
    const object = await create("configmaps", "protected", guarded);
    assert.equal((await audit("Delete", "configmaps", "protected", guarded.namespace)).outcome, "ignored");
    assert.equal((await audit("Delete", "namespaces", guarded.namespace)).outcome, "ignored");
    assert.equal((await audit("Delete", "namespaces", guarded.namespace, guarded.namespace)).outcome, "ignored");
    assert.deepEqual(await Promise.all([object, `/api/v1/namespaces/${guarded.namespace}`].map(isLeftAlone)), [
      true,
      true,
    ]);
  });

  it("deletes nothing where the alert doesn't say what", async () => {
    const object = await create("configmaps", "unnamed", here);
    for (const fields of [
      {},
      { "ka.target.resource": "configmaps", "ka.target.namespace": "delete" },
      { "ka.target.resource": "configmaps", "ka.target.name": "unnamed" },
    ]) {
      assert.equal((await deliver(responder, "Delete", fields, { source: "k8s_audit" })).outcome, "no-pod");
    }
    assert.equal(await isLeftAlone(object), true);
  });

  /** Delivers an alert of the API server's audit log. */
  async function audit(rule: string, resource: string, name: string, namespace = "<NA>"): Promise<Reply> {
    return deliver(
      responder,
      rule,
      { "ka.target.resource": resource, "ka.target.name": name, "ka.target.namespace": namespace },
      { source: "k8s_audit" },
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
    await cluster.api.demand("POST", path, { body: { apiVersion, kind, metadata: { name, ...metadata }, ...body } });
    return `${path}/${name}`;
  }

  async function isThere(path: string): Promise<boolean> {
    return (await cluster.api.request("GET", path)).status === 200;
  }

  /** Whether it is there, and is to stay. */
  async function isLeftAlone(path: string): Promise<boolean> {
    const { status, body } = await cluster.api.request("GET", path);
    return status === 200 && body.metadata?.deletionTimestamp === undefined;
  }
});
