import type { Attributes } from "./authorizer.ts";
import { isMap } from "../../responder/json.ts";
import type { Json, KubernetesObject, ObjectInput } from "./object.ts";
import type { DeleteOptions } from "./deletion.ts";
import { resourceNamed } from "./resources.ts";
import { selects } from "./selectors.ts";
import { badRequest, disruptionRefused, StatusError } from "./status.ts";
import type { Store } from "./store.ts";
import { checkKind } from "./validation.ts";

const NAMESPACES = resourceNamed("namespaces");
const PODS = resourceNamed("pods");
const BUDGETS = resourceNamed("poddisruptionbudgets");

/**
 * Evicts a pod: deletes it, where the PodDisruptionBudget that selects it lets it go.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/storage/eviction.go
 * @throws StatusError 400, 404, 409 for another UID or version, 429 for a budget that is used up, 500 for two budgets
 */
export function evict(store: Store, { namespace, name }: Attributes, eviction: ObjectInput, dryRun: boolean): void {
  checkKind(store.resources, { group: "policy", kind: "Eviction" }, eviction);
  if ((eviction.metadata.namespace ?? namespace) !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  store.get(NAMESPACES, "", namespace);
  if (eviction.metadata.name !== name) throw badRequest("name in URL does not match name in Eviction object");
  const options = (eviction["deleteOptions"] ?? {}) as DeleteOptions;
  const tried: DeleteOptions = { ...options, dryRun: ["All"] };
  const rehearsal = dryRun || (options.dryRun?.includes("All") ?? false);
  const pod = store.get(PODS, namespace, name);
  if (isGuarded(pod)) askBudgets(store, pod, rehearsal);
  store.delete(PODS, namespace, name, tried);
  if (rehearsal) return;
  mark(store, pod);
  // whoever asked for a version had it a moment ago
  store.delete(PODS, namespace, name, { ...options, preconditions: {} });
}

/** A pod that isn't there yet, or no longer, disrupts nothing. */
function isGuarded({ metadata, status = {} }: KubernetesObject): boolean {
  return (
    metadata.deletionTimestamp === undefined && !["Pending", "Succeeded", "Failed"].includes(String(status["phase"]))
  );
}

function askBudgets(store: Store, pod: KubernetesObject, rehearsal: boolean): void {
  const { namespace = "", name, labels } = pod.metadata;
  const [budget, ...others] = store.list(BUDGETS, namespace).filter(({ spec }) => selects(spec?.["selector"], labels));
  if (others.length > 0)
    throw new StatusError(
      500,
      "",
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  if (!budget) return;
  const health = budget.status === undefined ? healthOf(store, budget) : (budget.status as Partial<Health>);
  const {
    disruptionsAllowed = 0,
    currentHealthy = 0,
    desiredHealthy = 0,
    observedGeneration = Infinity,
    disruptedPods = {},
  } = health;
  if (
    !isReady(pod) &&
    (budget.spec?.["unhealthyPodEvictionPolicy"] === "AlwaysAllow" ||
      (currentHealthy >= desiredHealthy && desiredHealthy > 0))
  )
    return;
  const described = `The disruption budget ${budget.metadata.name}`;
  if (observedGeneration < (budget.metadata.generation ?? 0))
    throw disruptionRefused(`${described} is still being processed by the server.`, 10);
  if (disruptionsAllowed <= 0) {
    throw disruptionRefused(
      currentHealthy <= desiredHealthy
        ? `${described} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
        : `${described} does not allow evicting pods currently`,
    );
  }
  if (rehearsal || budget.status === undefined) return;
  const status = {
    ...budget.status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...disruptedPods, [name]: new Date().toISOString() },
  };
  store.update(BUDGETS, namespace, budget.metadata.name, "status", { ...budget, status });
}

/** What a PodDisruptionBudget's status says. @see https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/pod-disruption-budget-v1/ */
interface Health {
  disruptionsAllowed: number;
  currentHealthy: number;
  desiredHealthy: number;
  observedGeneration?: number;
  disruptedPods?: Json;
}

/** Stands for the disruption controller, where nobody has placed a status. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/disruption/disruption.go */
function healthOf(store: Store, { metadata: { namespace = "" }, spec = {} }: KubernetesObject): Health {
  const { selector, minAvailable, maxUnavailable } = spec;
  const pods = store.list(PODS, namespace).filter(({ metadata }) => selects(selector, metadata.labels));
  const currentHealthy = pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined).length;
  const expected = typeof minAvailable === "number" ? pods.length : replicasOf(store, namespace, pods);
  const desiredHealthy = Math.max(
    maxUnavailable === undefined ? share(minAvailable, expected) : expected - share(maxUnavailable, expected),
    0,
  );
  return {
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed: expected === 0 ? 0 : Math.max(currentHealthy - desiredHealthy, 0),
  };
}

/** How many pods their controllers are to keep. */
function replicasOf(store: Store, namespace: string, pods: readonly KubernetesObject[]): number {
  const owners = new Set(
    pods
      .flatMap(({ metadata }) => metadata.ownerReferences ?? [])
      .filter(({ controller }) => controller === true)
      .map(({ uid }) => uid),
  );
  const workloads = store.resources
    .filter(({ group }) => group === "apps")
    .flatMap((resource) => store.list(resource, namespace));
  return workloads
    .filter(({ metadata }) => owners.has(metadata.uid))
    .reduce((sum, { spec }) => sum + Number(spec?.["replicas"] ?? 1), 0);
}

/** A number, or a share in percent, rounded up. */
function share(value: unknown, of: number): number {
  return typeof value === "string" ? Math.ceil((Number.parseFloat(value) / 100) * of) : Number(value ?? 0);
}

function conditionsOf({ status }: KubernetesObject): Json[] {
  const conditions = status?.["conditions"];
  return Array.isArray(conditions) ? conditions.filter(isMap) : [];
}

function isReady(pod: KubernetesObject): boolean {
  return conditionsOf(pod).some(({ type, status }) => type === "Ready" && status === "True");
}

function mark(store: Store, pod: KubernetesObject): void {
  const { namespace = "", name } = pod.metadata;
  const target = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  };
  const conditions = [...conditionsOf(pod).filter(({ type }) => type !== target.type), target];
  store.update(PODS, namespace, name, "status", { ...pod, status: { ...pod.status, conditions } });
}
