import type { Rule } from "./rules.ts";

/**
 * One rule of a ClusterRole.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/cluster-role-v1/
 */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** What one action asks of the Kubernetes API: one resource of one group, and what it does with it. */
export interface Permission {
  apiGroup: string;
  resource: string;
  verbs: readonly string[];
}

/**
 * The rules of the ClusterRole that the response rules need, no more: one per resource, sorted, so that the
 * same needs always give the same role. A rule that only runs dry needs nothing.
 */
export function permissionsOf(rules: readonly Rule[]): PolicyRule[] {
  const verbsOf = new Map<string, Set<string>>();
  for (const { actions, dryRun } of rules) {
    if (dryRun) continue;
    for (const { apiGroup, resource, verbs } of actions.flatMap(({ prepared }) => prepared.permissions)) {
      const key = `${apiGroup}/${resource}`;
      verbsOf.set(key, new Set([...(verbsOf.get(key) ?? []), ...verbs]));
    }
  }
  return [...verbsOf].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, verbs]) => {
    const slash = key.indexOf("/");
    return { apiGroups: [key.slice(0, slash)], resources: [key.slice(slash + 1)], verbs: [...verbs].sort() };
  });
}
