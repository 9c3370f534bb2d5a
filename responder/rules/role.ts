import { FIND_BY_CONTAINER } from "../actions/pods/find-by-container.ts";
import { NAMESPACES, PODS, WORKLOADS } from "../kubernetes/resources.ts";
import { isClaimed, type AroundActions } from "./deduplication.ts";
import type { Rule } from "./rule.ts";

/**
 * One rule of a ClusterRole.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/cluster-role-v1/
 */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const BARE: AroundActions = { events: false, deduplicationSeconds: 0 };

/**
 * The rules of the ClusterRole that the response rules need, no more: one per resource, sorted, so that the
 * same needs always give the same role. A rule that only runs dry needs nothing.
 */
export function permissionsOf(rules: readonly Rule[], manners: AroundActions = BARE): PolicyRule[] {
  const acting = rules.filter(({ dryRun }) => !dryRun);
  const needed = acting.flatMap(({ actions }) =>
    actions.flatMap(({ prepared, contexts }) => [
      ...prepared.permissions,
      ...contexts.flatMap(({ permissions }) => permissions),
    ]),
  );
  const onPods = acting.some(({ actions }) => actions.some(({ prepared }) => prepared.target !== "object"));
  if (manners.findByContainer === true && onPods) needed.push(FIND_BY_CONTAINER);
  const claims = acting.some((rule) => isClaimed(rule, manners));
  if (claims || (manners.events && acting.length > 0)) {
    needed.push({ apiGroup: "", resource: "events", verbs: claims ? ["create", "get", "patch"] : ["create"] });
  }
  if (manners.exemptLabel !== undefined && acting.some(disrupts)) {
    for (const { group, name } of [NAMESPACES, PODS, ...WORKLOADS])
      needed.push({ apiGroup: group, resource: name, verbs: ["get", "list", "watch"] });
  }
  const verbsOf = new Map<string, Set<string>>();
  for (const { apiGroup, resource, verbs } of needed) {
    const key = `${apiGroup}/${resource}`;
    verbsOf.set(key, new Set([...(verbsOf.get(key) ?? []), ...verbs]));
  }
  return [...verbsOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, verbs]) => {
      const slash = key.indexOf("/");
      return { apiGroups: [key.slice(0, slash)], resources: [key.slice(slash + 1)], verbs: [...verbs].sort() };
    });
}

/** Whether a rule has an action that limits count, and that exemptions keep off. */
export function disrupts({ actions }: Rule): boolean {
  return actions.some(({ actionner }) => actionner.disrupts > 0);
}
