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

/** What the responder does around the actions. */
export interface Manners {
  /** Whether Kubernetes Events tell of what was done. */
  events: boolean;
  /** Seconds within which the same rule acts once on the same pod; 0: no such window. */
  deduplicationSeconds: number;
}

const BARE: Manners = { events: false, deduplicationSeconds: 0 };

/**
 * The rules of the ClusterRole that the response rules need, no more: one per resource, sorted, so that the
 * same needs always give the same role. A rule that only runs dry needs nothing.
 */
export function permissionsOf(rules: readonly Rule[], manners: Manners = BARE): PolicyRule[] {
  const acting = rules.filter(({ dryRun }) => !dryRun);
  const needed = acting.flatMap(({ actions }) => actions.flatMap(({ prepared, contexts }) => [...prepared.permissions, ...contexts.flatMap(({ permissions }) => permissions)]));
  const claims = acting.some((rule) => isClaimed(rule, manners));
  if (claims || (manners.events && acting.length > 0)) {
    needed.push({ apiGroup: "", resource: "events", verbs: claims ? ["create", "get", "patch"] : ["create"] });
  }
  const verbsOf = new Map<string, Set<string>>();
  for (const { apiGroup, resource, verbs } of needed) {
    const key = `${apiGroup}/${resource}`;
    verbsOf.set(key, new Set([...(verbsOf.get(key) ?? []), ...verbs]));
  }
  return [...verbsOf].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, verbs]) => {
    const slash = key.indexOf("/");
    return { apiGroups: [key.slice(0, slash)], resources: [key.slice(slash + 1)], verbs: [...verbs].sort() };
  });
}

/** Whether a rule is claimed before it acts: where doing it again would not be nothing. */
export function isClaimed({ actions, dryRun }: Rule, { deduplicationSeconds }: Manners): boolean {
  return deduplicationSeconds > 0 && !dryRun && actions.some(({ actionner }) => !actionner.repeatable);
}
