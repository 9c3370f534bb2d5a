import type { KubernetesObject } from "../../support/api.ts";
import {
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
  type Request,
  type Step,
  type Table,
  created,
  waiting,
} from "./steps.ts";

/** Pods of the cart that run, on no node, so that nobody but this says whether they are ready. */
function running(ready: Record<string, boolean>): Step[] {
  return Object.entries(ready).flatMap(([name, isReady]) => [
    post(pods, podOnNoNode({ name, labels: { app: "cart" } })),
    patch(`${pods}/${name}/status`, {
      status: { phase: "Running", conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] },
    }),
  ]);
}

function budget(spec: object, name = "cart"): Request {
  const metadata = { name };
  return post(`/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata,
    spec: { selector: { matchLabels: { app: "cart" } }, ...spec },
  });
}

function evict(name: string, more: object = {}, request: Partial<Request> = {}): Request {
  return post(
    `${pods}/${name}/eviction`,
    { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: NAMESPACE }, ...more },
    request,
  );
}

function evictFirst(preconditions: (first: NonNullable<KubernetesObject["metadata"]>) => object): Step {
  return ([first]) => evict("alpine", { deleteOptions: { preconditions: preconditions(first?.metadata ?? {}) } });
}

export const EVICTING: Table = {
  "a pod": [waiting, evict("alpine"), get(pod)],
  "a pod on a node": [created, evict("alpine"), get(pod)],
  "a pod with a grace period": [created, evict("alpine", { deleteOptions: { gracePeriodSeconds: 5 } }), get(pod)],
  "a pod twice": [created, evict("alpine"), evict("alpine"), get(pod)],
  "a pod by its UID": [waiting, evictFirst(({ uid }) => ({ uid }))],
  "a pod by another's UID": [waiting, evict("alpine", { deleteOptions: { preconditions: { uid: NOBODY } } })],
  "a pod at a version that is past": [
    waiting,
    patch(pod, { metadata: { labels: { a: "1" } } }),
    evictFirst(({ resourceVersion }) => ({ resourceVersion })),
  ],
  "a pod that isn't there": [evict("alpine")],
  "a pod of a namespace that isn't there": [
    post("/api/v1/namespaces/nowhere/pods/alpine/eviction", { metadata: { name: "alpine" } }),
  ],
  "another pod than the path's": [waiting, post(`${pod}/eviction`, { metadata: { name: "busybox" } })],
  "a pod of another namespace than the path's": [
    waiting,
    evict("alpine", { metadata: { name: "alpine", namespace: "default" } }),
  ],
  "a pod without saying what this is": [waiting, post(`${pod}/eviction`, { metadata: { name: "alpine" } })],
  "a pod by a body of another kind": [waiting, post(`${pod}/eviction`, podOf())],
  "a pod without a body": [waiting, { method: "POST", path: `${pod}/eviction` }],
  "a pod by other methods": [waiting, get(`${pod}/eviction`), remove(`${pod}/eviction`)],
  "nothing but in appearance": [
    waiting,
    { ...evict("alpine"), path: `${pod}/eviction?dryRun=All` },
    evict("alpine", { deleteOptions: { dryRun: ["All"] } }),
  ],
  "a pod as who may not": [waiting, evict("alpine", {}, { as: "reader" })],
  "a pod whose budget is used up": [
    ...running({ alpine: true, busybox: true }),
    budget({ minAvailable: 2 }),
    evict("alpine", {}, { until: "needs 2 healthy pods and has 2 currently" }),
  ],
  "a pod whose budget is used up, by another's UID": [
    ...running({ alpine: true }),
    budget({ minAvailable: 1 }),
    evict(
      "alpine",
      { deleteOptions: { preconditions: { uid: NOBODY } } },
      { until: "needs 1 healthy pods and has 1 currently" },
    ),
  ],
  "as many pods as a budget allows": [
    ...running({ alpine: true, busybox: true }),
    budget({ minAvailable: 1 }),
    evict("alpine", {}, { until: "Success" }),
    evict("busybox", {}, { until: "needs 1 healthy pods and has 1 currently" }),
  ],
  "a pod whose budget is a share": [
    ...running({ alpine: true }),
    budget({ maxUnavailable: "50%" }),
    evict("alpine", {}, { until: "does not allow evicting pods currently" }),
  ],
  "a pod of two budgets": [
    ...running({ alpine: true, busybox: true }),
    budget({ minAvailable: 1 }),
    budget({ minAvailable: 1 }, "other"),
    evict("alpine"),
  ],
  "a pod of nobody's budget": [
    ...running({ alpine: true }),
    budget({ minAvailable: 1, selector: { matchLabels: { app: "shop" } } }),
    evict("alpine"),
  ],
  "a pod of everybody's budget": [
    waiting,
    patch(`${pod}/status`, { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }),
    budget({ minAvailable: 1, selector: {} }),
    evict("alpine", {}, { until: "needs 1 healthy pods and has 1 currently" }),
  ],
  "a pod that hasn't started": [
    post(pods, podOnNoNode({ labels: { app: "cart" } })),
    budget({ minAvailable: 1 }),
    evict("alpine"),
  ],
  "a pod that isn't ready, of a budget that is kept": [
    ...running({ alpine: false, busybox: true }),
    budget({ minAvailable: 1 }),
    evict("alpine", {}, { until: "Success" }),
  ],
  "a pod that isn't ready, of a budget that isn't kept": [
    ...running({ alpine: false, busybox: true }),
    budget({ minAvailable: 2 }),
    evict("alpine", {}, { until: "needs 2 healthy pods and has 1 currently" }),
  ],
  "a pod that isn't ready, of a budget that doesn't mind": [
    ...running({ alpine: false }),
    budget({ minAvailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" }),
    evict("alpine"),
  ],
};
