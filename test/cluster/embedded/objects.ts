import {
  get,
  NAMESPACE,
  NOBODY,
  patch,
  patchFirst,
  podOf,
  podOnNoNode,
  pods,
  post,
  remove,
  type Step,
  type Table,
} from "./steps.ts";

const core = "/api/v1";
const within = `namespaces/${NAMESPACE}/`;
const RBAC = "rbac.authorization.k8s.io";
const selector = { matchLabels: { app: "cart" } };
const template = {
  metadata: { labels: { app: "cart" } },
  spec: { containers: [{ name: "main", image: "alpine:3" }], nodeSelector: { no: "where" } },
};
const once = { ...template, spec: { ...template.spec, restartPolicy: "Never" } };

/** What the responder reads, changes or deletes besides pods: a body that makes one which nothing comes of. */
const KINDS: readonly [apiVersion: string, kind: string, resource: string, body: object, scope?: "cluster"][] = [
  ["apps/v1", "Deployment", "deployments", { spec: { replicas: 0, selector, template } }],
  ["apps/v1", "DaemonSet", "daemonsets", { spec: { selector, template } }],
  ["batch/v1", "Job", "jobs", { spec: { suspend: true, template: once } }],
  [
    "batch/v1",
    "CronJob",
    "cronjobs",
    { spec: { suspend: true, schedule: "0 0 1 1 *", jobTemplate: { spec: { template: once } } } },
  ],
  ["v1", "ConfigMap", "configmaps", { data: { a: "b" } }],
  ["v1", "Secret", "secrets", { data: { a: "Yg==" } }],
  ["v1", "Service", "services", { spec: { ports: [{ port: 80 }] } }],
  ["v1", "ServiceAccount", "serviceaccounts", {}],
  ["networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", { spec: { podSelector: {}, policyTypes: ["Egress"] } }],
  [
    "networking.k8s.io/v1",
    "Ingress",
    "ingresses",
    { spec: { defaultBackend: { service: { name: "cart", port: { number: 80 } } } } },
  ],
  ["policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", { spec: { minAvailable: 1, selector } }],
  [`${RBAC}/v1`, "Role", "roles", { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] }],
  [`${RBAC}/v1`, "RoleBinding", "rolebindings", { roleRef: { apiGroup: RBAC, kind: "Role", name: "cart" } }],
  [
    `${RBAC}/v1`,
    "ClusterRole",
    "clusterroles",
    { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
    "cluster",
  ],
  [
    `${RBAC}/v1`,
    "ClusterRoleBinding",
    "clusterrolebindings",
    { roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "cart" } },
    "cluster",
  ],
  ["v1", "Node", "nodes", {}, "cluster"],
];

/** The life of an object. */
function life([apiVersion, kind, resource, body, scope]: (typeof KINDS)[number]): Step[] {
  const all = `${apiVersion === "v1" ? core : `/apis/${apiVersion}`}/${scope === "cluster" ? "" : within}${resource}`;
  const one = `${all}/cart`;
  const create = post(all, { apiVersion, kind, metadata: { name: "cart", labels: { row: "life" } }, ...body });
  return [
    create,
    create,
    get(one),
    get(`${all}?labelSelector=row%3Dlife`),
    get(`${all}?fieldSelector=metadata.name%3Dcart`),
    patch(one, { metadata: { labels: { a: "1" } } }),
    patchFirst(one, { metadata: { labels: { a: "2" } } }),
    patch(one, { metadata: { uid: NOBODY, labels: { a: "3" } } }),
    remove(one, { preconditions: { uid: NOBODY } }),
    remove(one),
    // a Job's collector takes a moment
    ...(kind === "Job" ? [] : [remove(one), patch(one, {}), get(one)]),
    get(`${all}/other`),
  ];
}

const nodes = `${core}/nodes`;
const node = `${nodes}/spare`;
const made = post(nodes, { apiVersion: "v1", kind: "Node", metadata: { name: "spare", labels: { row: "node" } } });
const namespaces = `${core}/namespaces`;
const shortLived = post(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "short-lived" } });
const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cart" } };

export const OBJECTS: Table = {
  ...Object.fromEntries(KINDS.map((kind) => [`a ${kind[1]}, from its start to its end`, life(kind)])),
  "a cordoned node": [
    made,
    patch(node, { spec: { unschedulable: true } }),
    get(`${nodes}?fieldSelector=spec.unschedulable%3Dtrue`),
    patch(node, { spec: { unschedulable: null } }),
  ],
  "a node that isn't there": [get(node), patch(node, { spec: { unschedulable: true } }), remove(node)],
  "a node as who may not": [patch(node, { spec: { unschedulable: true } }, { as: "reader" })],
  "a patch for a version that is past, and for another's UID": [
    post(`${core}/${within}configmaps`, configMap),
    patch(`${core}/${within}configmaps/cart`, { data: { a: "1" } }),
    patchFirst(`${core}/${within}configmaps/cart`, { metadata: { uid: NOBODY } }),
    ([first]) =>
      patch(`${core}/${within}configmaps/cart`, { metadata: { uid: first?.metadata?.uid }, data: { a: "2" } }),
  ],
  "a status of what has none": [
    post(`${core}/${within}configmaps`, configMap),
    get(`${core}/${within}configmaps/cart/status`),
  ],
  "an empty namespace": [
    shortLived,
    remove(`${namespaces}/short-lived`, { preconditions: { uid: NOBODY } }),
    remove(`${namespaces}/short-lived`),
    { ...get(`${namespaces}/short-lived`), until: "not found" },
    remove(`${namespaces}/short-lived`),
  ],
  "a namespace with a pod that takes its time": [
    shortLived,
    post(`${namespaces}/short-lived/configmaps`, configMap),
    post(`${namespaces}/short-lived/pods`, podOf({ spec: { terminationGracePeriodSeconds: 1 } }), {
      until: '"kind":"Pod"',
    }),
    remove(`${namespaces}/short-lived`),
    post(`${namespaces}/short-lived/configmaps`, { ...configMap, metadata: { name: "late" } }),
    shortLived,
    remove(`${namespaces}/short-lived`),
    remove(`${namespaces}/short-lived/pods/alpine`, { gracePeriodSeconds: 0 }),
    { ...get(`${namespaces}/short-lived`), until: "not found" },
    get(`${namespaces}/short-lived/configmaps/cart`),
  ],
  "a namespace that must stay": [remove(`${namespaces}/default`), remove(`${namespaces}/kube-system`)],
};

const at = (selector: string): string => `${pods}?fieldSelector=${encodeURIComponent(selector)}`;

export const SELECTING: Table = {
  "pods by their node": [
    post(pods, podOf()),
    post(pods, podOnNoNode({ name: "busybox" })),
    get(at("spec.nodeName=node-0")),
    get(at("spec.nodeName=node-1")),
    get(at("spec.nodeName!=node-0")),
  ],
  "pods of all namespaces by their node": [
    post(pods, podOf()),
    get(`${core}/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=node-0,metadata.namespace=${NAMESPACE}`)}`),
  ],
  "pods by name and namespace": [
    post(pods, podOf()),
    get(at(`metadata.name=alpine,metadata.namespace=${NAMESPACE}`)),
    get(at("metadata.name==alpine,metadata.namespace=default")),
  ],
  "pods by phase": [
    post(pods, podOnNoNode()),
    get(at("status.phase=Pending")),
    get(at("status.phase!=Pending")),
    get(at("status.phase=Pending,metadata.name=busybox")),
  ],
  "pods in their order": [...["c", "a", "b"].map((name) => post(pods, podOnNoNode({ name }))), get(pods)],
  "by a field that can't be": [
    get(at("spec.containers=1")),
    get(`${core}/${within}configmaps?fieldSelector=data%3D1`),
    get(`${nodes}?fieldSelector=spec.nodeName%3D1`),
  ],
  "by what is no selector": [get(at("metadata.name")), get(at(",metadata.name=alpine,,"))],
};

const events = `${core}/${within}events`;
const event = `${events}/shell`;
const involvedObject = {
  kind: "Pod",
  namespace: NAMESPACE,
  name: "alpine",
  uid: "3b0c2a8e-0000-4000-8000-000000000001",
};

function eventOf(changes: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "shell" },
    involvedObject,
    reason: "Responded",
    message: "terminated it",
    type: "Warning",
    count: 1,
    ...changes,
  };
}

const onNode = { kind: "Node", name: "node-0" };

export const EVENTS: Table = {
  "an event": [post(events, eventOf()), get(event), post(events, eventOf()), remove(event), remove(event), get(event)],
  "an event of a name that would be none of a pod": [post(events, eventOf({ metadata: { name: "Shell.17F" } }))],
  "an event about another namespace": [
    post(events, eventOf({ involvedObject: { ...involvedObject, namespace: "default" } })),
  ],
  "an event about a node": [
    post(events, eventOf({ involvedObject: onNode })),
    post(`${core}/namespaces/default/events`, eventOf({ involvedObject: onNode })),
  ],
  "an event about nothing": [post(events, eventOf({ involvedObject: undefined }))],
  "events by what they are about": [
    post(events, eventOf()),
    post(
      events,
      eventOf({ metadata: { name: "other" }, involvedObject: { ...involvedObject, kind: "Deployment", uid: NOBODY } }),
    ),
    ...[`uid=${involvedObject.uid}`, `uid=${NOBODY}`, "kind=Deployment,involvedObject.name=alpine", "name=nowhere"].map(
      (term) => get(`${events}?fieldSelector=${encodeURIComponent(`involvedObject.${term}`)}`),
    ),
  ],
  "events by a field that can't be": [get(`${events}?fieldSelector=spec.nodeName%3Dnode-0`)],
  "an event once more": [
    post(events, eventOf()),
    patchFirst(event, { count: 2 } as object),
    patchFirst(event, { count: 3 } as object),
    patch(event, { count: 3 }),
  ],
  "an event changed to be about another namespace": [
    post(events, eventOf()),
    patch(event, { involvedObject: { namespace: "default" } }),
  ],
  "an event that isn't there": [patch(event, { count: 2 })],
  "an event as who may not": [
    post(events, eventOf(), { as: "reader" }),
    patch(event, {}, { as: "reader" }),
    get(events, "reader"),
  ],
  "an event in a namespace that isn't there": [
    post(`${core}/namespaces/nowhere/events`, eventOf({ involvedObject: { ...involvedObject, namespace: "nowhere" } })),
  ],
};
