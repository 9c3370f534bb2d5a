import type { V1LabelSelector, V1NetworkPolicy, V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { apiErrorOf } from "../../kubernetes/errors.ts";
import type { Permission } from "../../kubernetes/permission.ts";
import { NETWORKPOLICIES } from "../../kubernetes/resources.ts";
import { NETWORKPOLICY, shaped } from "../../kubernetes/shapes.ts";
import { LIMITS } from "../../limits.ts";
import { plain } from "../../text.ts";

/** What it takes to make a policy, see that it is as it should be, and what else holds for the pod. */
export const POLICY_PERMISSIONS: readonly Permission[] = [
  { apiGroup: "networking.k8s.io", resource: "networkpolicies", verbs: ["create", "list", "patch"] },
];

/** On everything that a response makes, so that it is found again: `kubectl get networkpolicies -A -l …`. */
export const MADE_BY = { "app.kubernetes.io/managed-by": "response-engine" };

/**
 * Makes a policy, or brings the one of its name to what it should be, and looks at what the API then has.
 * @returns undefined where the policy is as it should be; else what is wrong, in words
 * @throws {ApiError}
 */
export async function ensurePolicy(cluster: Cluster, body: V1NetworkPolicy): Promise<string | undefined> {
  const { namespace, name } = body.metadata ?? {};
  const at = { resource: NETWORKPOLICIES, namespace };
  const there = await cluster.create(at, body).catch(async (thrown: unknown) => {
    if (apiErrorOf(thrown).code !== 409) throw thrown;
    return await cluster.patch<V1NetworkPolicy>({ ...at, name }, { metadata: body.metadata, spec: overwriting(body) });
  });
  return shape(shaped(there as object, NETWORKPOLICY)) === shape(body)
    ? undefined
    : `network policy ${namespace ?? ""}/${name ?? ""} holds other rules than were asked for`;
}

/** A merge patch keeps what it doesn't name: so it names everything. */
function overwriting({ spec }: V1NetworkPolicy): object {
  return { ingress: null, egress: null, ...spec, podSelector: { matchExpressions: null, ...spec?.podSelector } };
}

/** What of a policy decides, in one order; the API leaves out what is empty. */
function shape({ spec }: V1NetworkPolicy): string {
  const { matchLabels = {}, matchExpressions = [] } = spec?.podSelector ?? {};
  const labels = Object.entries(matchLabels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    labels,
    matchExpressions,
    spec?.policyTypes?.toSorted(),
    spec?.ingress ?? [],
    spec?.egress ?? [],
  ]);
}

export type Direction = "Ingress" | "Egress";

/**
 * The other policies that let something through to or from a pod: policies add up, so it isn't cut off.
 * @param labels the pod's, as they are once the action is done
 * @throws {ApiError}
 */
export async function othersThatAllow(
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
  labels: Readonly<Record<string, string>>,
  directions: readonly Direction[],
): Promise<string[]> {
  const { items, more } = await cluster.list(
    { resource: NETWORKPOLICIES, namespace },
    { limit: LIMITS.listed },
    (policy) => {
      const { metadata, spec } = shaped(policy, NETWORKPOLICY);
      const isAnother = metadata?.name !== name && spec && selects(spec.podSelector ?? {}, labels);
      const allows = isAnother && directions.some((direction) => allowsAny(spec, direction));
      return allows ? { name: plain(metadata?.name ?? "", LIMITS.field) } : undefined;
    },
  );
  const names = items.map((policy) => policy.name);
  return more ? [...names, "and perhaps more, as there are too many to look at"] : names;
}

/** A policy without types is one of ingress, and of egress where it has rules for it. */
function allowsAny(spec: V1NetworkPolicy["spec"], direction: Direction): boolean {
  const rules = direction === "Ingress" ? spec?.ingress : spec?.egress;
  const types = spec?.policyTypes ?? ["Ingress", ...(spec?.egress ? ["Egress"] : [])];
  return types.includes(direction) && (rules ?? []).length > 0;
}

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export function selects(
  { matchLabels = {}, matchExpressions = [] }: V1LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const valueOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(matchLabels).every(([key, value]) => valueOf(key) === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = valueOf(key);
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const isIn = value !== undefined && values.includes(value);
      if (operator === "In") return isIn;
      // what nobody knows may select it
      return operator === "NotIn" ? !isIn : true;
    })
  );
}

/** Why no policy can hold a pod; undefined where one can. */
export function outOfReach({ metadata, spec }: V1Pod): string | undefined {
  if (spec?.hostNetwork !== true) return undefined;
  return `pod ${metadata?.namespace ?? ""}/${metadata?.name ?? ""} is on its node's network, where no network policy holds`;
}
