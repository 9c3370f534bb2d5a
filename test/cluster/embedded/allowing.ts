import type { RbacObject } from "../../../lab/kubernetes/authorizer.ts";
import { apps, get, NAMESPACE, patch, pod, pods, remove, type Table, created } from "./steps.ts";

/** What a ServiceAccount of the table may do. */
export const RBAC: RbacObject[] = [
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

export const ALLOWING: Table = {
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
