import type { PolicyRule } from "../../responder/rules/role.ts";
import type { ControlPlane } from "./control-plane.ts";

interface Review {
  incomplete: boolean;
  resourceRules?: (PolicyRule & { resourceNames?: string[] })[];
  nonResourceRules?: { verbs: string[]; nonResourceURLs: string[] }[];
}

/** A ServiceAccount's namespace and name. */
type Account = readonly [namespace: string, name: string];

/** What one ServiceAccount may do in a namespace beyond what every ServiceAccount may, sorted. */
export async function ownRightsOf(cluster: ControlPlane, account: Account, namespace: string): Promise<string[]> {
  const everyone = await rightsOf(cluster, [account[0], "default"], namespace);
  return [...(await rightsOf(cluster, account, namespace))].filter((phrase) => !everyone.has(phrase)).sort();
}

/**
 * All that it may do there.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-rules-review-v1/
 */
async function rightsOf(cluster: ControlPlane, [home, name]: Account, namespace: string): Promise<Set<string>> {
  const token = await cluster.serviceAccountToken(home, name);
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } };
  const { status } = await cluster.api.demand<{ status: Review }>(
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    { body, token },
  );
  if (status.incomplete) throw new Error(`the API can't tell all that ${home}/${name} may do`);
  const paths = (status.nonResourceRules ?? []).flatMap(({ verbs, nonResourceURLs }) =>
    verbs.flatMap((verb) => nonResourceURLs.map((url) => `${verb} ${url}`)),
  );
  return new Set([...(status.resourceRules ?? []).flatMap(phrases), ...paths]);
}

/** A rule, taken apart: "get replicasets.apps". */
export function phrases({
  apiGroups,
  resources,
  verbs,
  resourceNames = [],
}: PolicyRule & { resourceNames?: string[] }): string[] {
  const names = resourceNames.length > 0 ? ` named ${resourceNames.join(", ")}` : "";
  return verbs.flatMap((verb) =>
    apiGroups.flatMap((group) =>
      resources.map((resource) => `${verb} ${resource}${group === "" ? "" : `.${group}`}${names}`),
    ),
  );
}
