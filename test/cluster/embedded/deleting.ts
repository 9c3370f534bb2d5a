import {
  apps,
  NOBODY,
  patch,
  pod,
  podOf,
  pods,
  post,
  remove,
  type Step,
  type Table,
  created,
  waiting,
  workload,
} from "./steps.ts";

/** Deletes with preconditions: what the first object answered has in these fields. */
function removeFirst(fields: ("uid" | "resourceVersion")[], options: Record<string, unknown> = {}): Step {
  return ([first]) => {
    const preconditions = Object.fromEntries(fields.map((field) => [field, first?.metadata?.[field]]));
    return remove(pod, { ...options, preconditions });
  };
}

export const DELETING: Table = {
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
