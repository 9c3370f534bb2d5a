import assert from "node:assert/strict";

import type { RbacObject } from "../../lab/kubernetes/authorizer.ts";
import type { CommandResult, ContainerCommand } from "../../lab/kubernetes/containers.ts";
import { startKubernetes, type Kubernetes } from "../../lab/kubernetes/server.ts";
import { Api } from "../support/api.ts";
import { EVENTS, OBJECTS, SELECTING } from "./embedded/objects.ts";
import { play, type Server } from "./embedded/play.ts";
import { COMMANDS, EVICTING, LOGS, RUNNING } from "./embedded/pods.ts";
import {
  apps,
  get,
  NAMESPACE,
  NOBODY,
  patch,
  pod,
  podOf,
  podOnNoNode,
  pods,
  post,
  remove,
  type Step,
  type Table,
} from "./embedded/steps.ts";
import { eventually } from "../support/eventually.ts";
import { LOG_LINES } from "../support/control-plane/kubelet.ts";
import { controlPlane } from "./shared.ts";

const JSON_PATCH = "application/json-patch+json";
const MERGE = "application/merge-patch+json";

/** What a ServiceAccount of the table may do. */
const RBAC: RbacObject[] = [
  {
    kind: "Role",
    metadata: { name: "reader", namespace: NAMESPACE },
    rules: [
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "delete"] },
      { apiGroups: [""], resources: ["pods/exec"], verbs: ["get"] },
    ],
  },
  {
    kind: "RoleBinding",
    metadata: { name: "reader", namespace: NAMESPACE },
    roleRef: { kind: "Role", name: "reader" },
    subjects: [{ kind: "ServiceAccount", name: "reader", namespace: NAMESPACE }],
  },
];

/** Deletes with preconditions: what the first object answered has in these fields. */
function removeFirst(fields: ("uid" | "resourceVersion")[], options: Record<string, unknown> = {}): Step {
  return ([first]) => {
    const preconditions = Object.fromEntries(fields.map((field) => [field, first?.metadata?.[field]]));
    return remove(pod, { ...options, preconditions });
  };
}

const created = post(pods, podOf());
const waiting = post(pods, podOnNoNode());

function workload(kind: string): object {
  const labels = { app: "cart" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "alpine:3" }] } };
  const spec = {
    replicas: 0,
    selector: { matchLabels: labels },
    template,
    ...(kind === "StatefulSet" && { serviceName: "cart" }),
  };
  return { apiVersion: "apps/v1", kind, metadata: { name: "cart" }, spec };
}

const READING: Table = {
  "a pod": [created, get(pod)],
  "a pod that isn't there": [get(pod)],
  "a pod of a namespace that isn't there": [get("/api/v1/namespaces/nowhere/pods/alpine")],
  "the pods of a namespace": [created, post(pods, podOf({ metadata: { name: "busybox" } })), get(pods)],
  "the pods of an empty namespace": [get(pods)],
  "the pods of a namespace that isn't there": [get("/api/v1/namespaces/nowhere/pods")],
  "pods by label": [
    post(pods, podOf({ metadata: { name: "a", labels: { app: "cart" } } })),
    post(pods, podOf({ metadata: { name: "b", labels: { app: "shop" } } })),
    get(`${pods}?labelSelector=app%3Dcart`),
    get(`${pods}?labelSelector=app!%3Dcart`),
    get(`${pods}?labelSelector=app`),
  ],
  "pods by name": [
    created,
    get(`${pods}?fieldSelector=metadata.name%3Dalpine`),
    get(`${pods}?fieldSelector=metadata.name%3Dother`),
  ],
  "a ReplicaSet": [post(`${apps}/replicasets`, workload("ReplicaSet")), get(`${apps}/replicasets/cart`)],
  "a StatefulSet": [post(`${apps}/statefulsets`, workload("StatefulSet")), get(`${apps}/statefulsets/cart`)],
  "a ReplicaSet that isn't there": [get(`${apps}/replicasets/cart`)],
  "a StatefulSet that isn't there": [get(`${apps}/statefulsets/cart`)],
  "a namespace": [get(`/api/v1/namespaces/${NAMESPACE}`)],
  "a namespace that isn't there": [get("/api/v1/namespaces/nowhere")],
  "a resource that isn't there": [
    get(`/api/v1/namespaces/${NAMESPACE}/podz`),
    get(`/api/v1/namespaces/${NAMESPACE}/podz/alpine`),
  ],
  "a group that isn't there": [get("/apis/nothing.example.com/v1/things")],
  "a version that isn't there": [get(`/api/v9/namespaces/${NAMESPACE}/pods`)],
  "a path that isn't there": [get("/nowhere")],
  "its health": [get("/healthz"), get("/livez"), get("/readyz")],
};

const CREATING: Table = {
  "a pod": [created],
  "a pod of a name that is taken": [created, created],
  "a pod in a namespace that isn't there": [post("/api/v1/namespaces/nowhere/pods", podOf())],
  "a pod of another namespace than the path's": [post(pods, podOf({ metadata: { namespace: "default" } }))],
  "a pod without containers": [post(pods, podOf({ spec: { containers: [] } }))],
  "a pod without a spec": [post(pods, { apiVersion: "v1", kind: "Pod", metadata: { name: "alpine" } })],
  "a pod whose container has no name": [post(pods, podOf({ spec: { containers: [{ image: "alpine:3" }] } }))],
  "a pod whose container has no image": [post(pods, podOf({ spec: { containers: [{ name: "main" }] } }))],
  "a pod without a name": [post(pods, podOf({ metadata: { name: undefined } }))],
  "a pod of a name that can't be": [post(pods, podOf({ metadata: { name: "Alpine!" } }))],
  "a pod with much amiss": [post(pods, podOf({ metadata: { name: "Alpine!" }, spec: { containers: [{}] } }))],
  "a pod without a body": [{ method: "POST", path: pods }],
  "a pod without a kind": [post(pods, { metadata: { name: "alpine" } })],
  "another kind than the path's": [post(pods, { apiVersion: "v1", kind: "Namespace", metadata: { name: "alpine" } })],
  "a kind that isn't there": [post(pods, { apiVersion: "v1", kind: "Podd", metadata: { name: "alpine" } })],
  "a pod of no version": [post(pods, { kind: "Pod" })],
  "a pod without metadata": [post(pods, { ...podOf(), metadata: undefined })],
  "what is no JSON": [{ method: "POST", path: pods, text: "{" }],
  "what is no object": [{ method: "POST", path: pods, text: "[]" }],
  "from plain text": [post(pods, podOf(), { contentType: "text/plain" })],
  "nothing but what it would be": [post(`${pods}?dryRun=All`, podOf())],
  "on the path of a pod": [post(pod, podOf())],
};

const DELETING: Table = {
  "a pod by its UID": [created, removeFirst(["uid"], { gracePeriodSeconds: 0 })],
  "a pod by another's UID": [created, remove(pod, { gracePeriodSeconds: 0, preconditions: { uid: NOBODY } })],
  "a pod by an empty UID": [created, remove(pod, { gracePeriodSeconds: 0, preconditions: { uid: "" } })],
  "a pod at its version": [waiting, removeFirst(["uid", "resourceVersion"], { gracePeriodSeconds: 0 })],
  "a pod at a version that is past": [
    created,
    patch(pod, { metadata: { labels: { a: "b" } } }),
    removeFirst(["resourceVersion"], { gracePeriodSeconds: 0 }),
  ],
  "a pod by UID and a version that is past": [
    created,
    patch(pod, { metadata: { labels: { a: "b" } } }),
    removeFirst(["uid", "resourceVersion"], { gracePeriodSeconds: 0 }),
  ],
  "a pod that isn't there": [remove(pod, { gracePeriodSeconds: 0, preconditions: { uid: NOBODY } })],
  "a pod of a namespace that isn't there": [
    remove("/api/v1/namespaces/nowhere/pods/alpine", { gracePeriodSeconds: 0 }),
  ],
  "a pod that has been re-created since": [
    created,
    remove(pod, { gracePeriodSeconds: 0 }),
    created,
    removeFirst(["uid"], { gracePeriodSeconds: 0 }),
  ],
  "a pod twice": [
    created,
    removeFirst(["uid"], { gracePeriodSeconds: 0 }),
    removeFirst(["uid"], { gracePeriodSeconds: 0 }),
  ],
  "with a grace period": [created, remove(pod, { gracePeriodSeconds: 5 })],
  "with a negative grace period": [created, remove(pod, { gracePeriodSeconds: -1 })],
  "with the pod's own grace period": [post(pods, podOf({ spec: { terminationGracePeriodSeconds: 7 } })), remove(pod)],
  "with Kubernetes' own grace period": [created, remove(pod)],
  "with options that say nothing": [created, remove(pod, {})],
  "with a grace period in the query": [created, remove(`${pod}?gracePeriodSeconds=5`)],
  "with no grace period in the query": [created, remove(`${pod}?gracePeriodSeconds=0`)],
  "with a grace period in both": [created, remove(`${pod}?gracePeriodSeconds=5`, { gracePeriodSeconds: 9 })],
  "a pod that no node runs": [waiting, remove(pod, { gracePeriodSeconds: 5 })],
  "again in the grace period": [
    created,
    remove(pod, { gracePeriodSeconds: 15 }),
    remove(pod, { gracePeriodSeconds: 15 }),
  ],
  "again in the grace period, by UID": [
    created,
    removeFirst(["uid"], { gracePeriodSeconds: 15 }),
    removeFirst(["uid"], { gracePeriodSeconds: 15 }),
  ],
  "again in the grace period, by another's UID": [
    created,
    remove(pod, { gracePeriodSeconds: 15 }),
    remove(pod, { gracePeriodSeconds: 0, preconditions: { uid: NOBODY } }),
  ],
  "again with a longer grace period": [
    created,
    remove(pod, { gracePeriodSeconds: 15 }),
    remove(pod, { gracePeriodSeconds: 60 }),
  ],
  "again with a shorter grace period": [
    created,
    remove(pod, { gracePeriodSeconds: 15 }),
    remove(pod, { gracePeriodSeconds: 5 }),
  ],
  "again with a negative grace period": [
    created,
    remove(pod, { gracePeriodSeconds: 15 }),
    remove(pod, { gracePeriodSeconds: -3 }),
  ],
  "again without a grace period": [created, remove(pod, { gracePeriodSeconds: 15 }), remove(pod)],
  "again at once": [created, remove(pod, { gracePeriodSeconds: 15 }), remove(pod, { gracePeriodSeconds: 0 })],
  "and creating it anew in the grace period": [created, remove(pod, { gracePeriodSeconds: 15 }), created],
  "nothing but in appearance": [
    created,
    remove(pod, { gracePeriodSeconds: 0, dryRun: ["All"] }),
    remove(`${pod}?dryRun=All&gracePeriodSeconds=5`),
  ],
  "nothing but in appearance, as nobody knows": [created, remove(pod, { dryRun: ["Some"] })],
  "with options of their own kind": [
    created,
    remove(pod, { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 }),
  ],
  "with options of another kind": [created, remove(pod, { apiVersion: "v1", kind: "Pod", gracePeriodSeconds: 0 })],
  "with options that are no JSON": [created, { method: "DELETE", path: pod, text: "{" }],
  "with options that are a list": [created, { method: "DELETE", path: pod, text: "[]" }],
  "with a grace period that is no number": [created, remove(pod, { gracePeriodSeconds: "soon" })],
  "with a grace period in the query that is no number": [created, remove(`${pod}?gracePeriodSeconds=soon`)],
  "with preconditions that are none": [created, remove(pod, { preconditions: "uid" })],
  "with options in plain text": [created, remove(pod, { gracePeriodSeconds: 0 }, { contentType: "text/plain" })],
  "a ReplicaSet": [post(`${apps}/replicasets`, workload("ReplicaSet")), remove(`${apps}/replicasets/cart`)],
  "a ReplicaSet by another's UID": [
    post(`${apps}/replicasets`, workload("ReplicaSet")),
    remove(`${apps}/replicasets/cart`, { preconditions: { uid: NOBODY } }),
  ],
  "a ReplicaSet that isn't there": [remove(`${apps}/replicasets/cart`)],
};

const CHANGING: Table = {
  "labels by a merge patch": [
    created,
    patch(pod, { metadata: { labels: { a: "1", b: "2" } } }),
    patch(pod, { metadata: { labels: { a: null } } }),
  ],
  "labels by a strategic merge patch": [
    created,
    patch(pod, { metadata: { labels: { a: "1" } } }, { contentType: "application/strategic-merge-patch+json" }),
  ],
  "labels by a JSON patch": [
    created,
    patch(pod, [{ op: "add", path: "/metadata/labels", value: { a: "1" } }], { contentType: JSON_PATCH }),
  ],
  "a label of a map that isn't there, by a JSON patch": [
    created,
    patch(pod, [{ op: "add", path: "/metadata/labels/a", value: "1" }], { contentType: JSON_PATCH }),
  ],
  "a label that isn't there, by a JSON patch": [
    post(pods, podOf({ metadata: { labels: { a: "1" } } })),
    patch(pod, [{ op: "remove", path: "/metadata/labels/b" }], { contentType: JSON_PATCH }),
    patch(pod, [{ op: "replace", path: "/metadata/labels/b", value: "1" }], { contentType: JSON_PATCH }),
  ],
  "what a JSON patch's test says no to": [
    created,
    patch(
      pod,
      [
        { op: "test", path: "/metadata/name", value: "busybox" },
        { op: "add", path: "/metadata/labels", value: {} },
      ],
      { contentType: JSON_PATCH },
    ),
  ],
  "what a JSON patch's test says yes to": [
    created,
    patch(
      pod,
      [
        { op: "test", path: "/metadata/name", value: "alpine" },
        { op: "add", path: "/metadata/labels", value: { a: "1" } },
      ],
      { contentType: JSON_PATCH },
    ),
  ],
  "a label that can't be": [created, patch(pod, { metadata: { labels: { a: "not a label!" } } })],
  "a pod that isn't there": [patch(pod, { metadata: { labels: { a: "1" } } })],
  "a pod of another UID": [created, patch(pod, { metadata: { uid: NOBODY, labels: { a: "1" } } })],
  "a pod of a version that is past": [
    created,
    patch(pod, { metadata: { labels: { a: "1" } } }),
    ([first]) =>
      patch(pod, { metadata: { resourceVersion: first?.metadata?.["resourceVersion"], labels: { b: "1" } } }),
  ],
  "a pod's name": [created, patch(pod, { metadata: { name: "busybox" } })],
  "a pod by what is no JSON": [created, { method: "PATCH", path: pod, text: "{", contentType: MERGE }],
  "a pod by what is no object": [created, { method: "PATCH", path: pod, text: "[]", contentType: MERGE }],
  "a pod by what is no JSON patch": [created, { method: "PATCH", path: pod, text: "{}", contentType: JSON_PATCH }],
  "a pod by plain text": [created, patch(pod, {}, { contentType: "text/plain" })],
  "a pod by no kind of patch": [created, patch(pod, {}, { contentType: "application/json" })],
  "a status but through the pod": [
    waiting,
    patch(pod, { status: { reason: "Because" } }),
    patch(`${pod}/status`, { status: { reason: "Because" } }),
  ],
  "all of a pod at once": [
    waiting,
    ([first]) => ({
      method: "PUT",
      path: pod,
      body: { ...first, metadata: { ...first?.metadata, labels: { a: "1" } } },
    }),
  ],
  "all of a pod at a version that is past": [
    waiting,
    patch(pod, { metadata: { labels: { a: "1" } } }),
    ([first]) => ({ method: "PUT", path: pod, body: first }),
  ],
  "all of a pod of another UID": [
    waiting,
    ([first]) => ({ method: "PUT", path: pod, body: { ...first, metadata: { ...first?.metadata, uid: NOBODY } } }),
  ],
  "nothing but in appearance": [created, patch(`${pod}?dryRun=All`, { metadata: { labels: { a: "1" } } })],
  "a pod's spec": [created, patch(pod, { spec: { activeDeadlineSeconds: 3600 } })],
  "a pod by a JSON patch that is no JSON": [
    created,
    { method: "PATCH", path: pod, text: "[", contentType: JSON_PATCH },
  ],
  "a pod by a strategic merge patch that is no JSON": [
    created,
    { method: "PATCH", path: pod, text: "{", contentType: "application/strategic-merge-patch+json" },
  ],
  "all of a pod that isn't there": [{ method: "PUT", path: pod, body: podOf() }],
  "all of a pod of another name": [{ method: "PUT", path: `${pods}/busybox`, body: podOf() }],
  "all pods at once": [{ method: "PUT", path: pods, body: podOf() }, patch(pods, {})],
};

const ALLOWING: Table = {
  "what a role allows": [created, get(pod, "reader"), { ...remove(pod, { gracePeriodSeconds: 0 }), as: "reader" }],
  "no other verb": [
    created,
    get(pods, "reader"),
    { ...created, as: "reader" },
    patch(pod, {}, { as: "reader" }),
    { method: "PUT", path: pod, as: "reader" },
  ],
  "no other resource": [
    get(`${apps}/replicasets/cart`, "reader"),
    get(`/api/v1/namespaces/${NAMESPACE}/secrets/token`, "reader"),
    get(`/api/v1/namespaces/${NAMESPACE}`, "reader"),
  ],
  "no subresource": [created, get(`${pod}/log`, "reader"), patch(`${pod}/status`, {}, { as: "reader" })],
  "no other namespace": [
    get("/api/v1/namespaces/default/pods/alpine", "reader"),
    get("/api/v1/namespaces/nowhere/pods/alpine", "reader"),
  ],
  "nothing at the cluster's scope": [
    get("/api/v1/pods", "reader"),
    get("/api/v1/nodes", "reader"),
    get("/api/v1/nodes/node-0", "reader"),
  ],
  "no resource that isn't there": [
    get(`/api/v1/namespaces/${NAMESPACE}/podz/alpine`, "reader"),
    get("/apis/nothing.example.com/v1/things/one", "reader"),
  ],
  "no path that isn't there": [get("/nowhere", "reader")],
  "everyone known to see its version and health": [get("/healthz", "reader")],
  "nobody without a token": [
    created,
    get(pod, "anonymous"),
    remove(pod, undefined, { as: "anonymous" }),
    get("/nowhere", "anonymous"),
  ],
  "nobody with a token it hasn't given": [created, get(pod, "impostor"), remove(pod, undefined, { as: "impostor" })],
};

describe("the lab's embedded Kubernetes API answers like the real one", () => {
  let servers: [real: Server, embedded: Server];
  let kubernetes: Kubernetes | undefined;

  before(async function () {
    const cluster = await controlPlane(this);
    kubernetes = await startKubernetes({
      rbac: RBAC,
      containers: { log: () => Array.from({ length: LOG_LINES }, (_, index) => `line ${index + 1}\n`).join(""), exec },
    });
    const embedded = new Api(kubernetes.url, "", kubernetes.adminToken);
    for (const api of [cluster.api, embedded]) {
      await api.request("POST", "/api/v1/namespaces", {
        body: { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
      });
    }
    await cluster.api.demand("POST", `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
      body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reader" } },
    });
    for (const { kind, ...object } of RBAC) {
      const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/${kind.toLowerCase()}s`;
      const roleRef = object.roleRef && { roleRef: { ...object.roleRef, apiGroup: "rbac.authorization.k8s.io" } };
      await cluster.api.demand("POST", path, {
        body: { apiVersion: "rbac.authorization.k8s.io/v1", kind, ...object, ...roleRef },
      });
    }
    const reader = await cluster.serviceAccountToken(NAMESPACE, "reader");
    await eventually(
      "the role is in force",
      async () => (await cluster.api.request("GET", pod, { token: reader })).status === 404,
    );
    await eventually(
      "pods can be created",
      async () =>
        (await cluster.api.request("GET", `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`)).status === 200,
    );
    servers = [
      { api: cluster.api, reader },
      { api: embedded, reader: kubernetes.tokenFor(NAMESPACE, "reader") },
    ];
  });

  after(async () => {
    servers[1].api.close();
    await kubernetes?.close();
  });

  const tables = {
    "to reading": READING,
    "to creating": CREATING,
    "to deleting": DELETING,
    "to changing": CHANGING,
    "in allowing": ALLOWING,
    "about what isn't a pod:": OBJECTS,
    "to selecting": SELECTING,
    "to evicting": EVICTING,
    "with the log of": LOGS,
    "in running": RUNNING,
    "about events:": EVENTS,
  };
  for (const [what, table] of Object.entries(tables)) {
    describe(what, () => {
      for (const [title, steps] of Object.entries(table)) {
        it(title, async () => {
          const [real, embedded] = await Promise.all(servers.map((server) => play(server, steps)));
          assert.deepEqual(embedded, real);
        });
      }
    });
  }
});

/** Answers as the machine does that stands for a node. */
function exec(_pod: unknown, _container: string, { command }: ContainerCommand): Promise<CommandResult> {
  const result = COMMANDS[command.join(" ")] ?? new Error(`the table knows nothing of ${command.join(" ")}`);
  return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
}
