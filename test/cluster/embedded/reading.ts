import { apps, get, NAMESPACE, pod, podOf, pods, post, type Table, created, workload } from "./steps.ts";

export const READING: Table = {
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
