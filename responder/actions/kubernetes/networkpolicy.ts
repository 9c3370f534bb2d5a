import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { V1NetworkPolicy, V1NetworkPolicyPeer } from "@kubernetes/client-node";
import { ifThere } from "../../kubernetes/if-there.ts";
import { PODS } from "../../kubernetes/resources.ts";
import { OBJECT, shaped } from "../../kubernetes/shapes.ts";
import { isNamespace } from "../../names.ts";
import { list } from "../parameters.ts";
import { listed } from "../shown.ts";
import { podActionner } from "../actionner.ts";
import { controllerOf } from "../pods/controller.ts";
import { findPod, type FoundPod } from "../pods/find-pod.ts";
import { ensurePolicy, MADE_BY, othersThatAllow, outOfReach, POLICY_PERMISSIONS, selects } from "../pods/policy.ts";

interface Parameters {
  allow: readonly string[];
  allow_cidr: readonly string[];
  allow_namespaces: readonly string[];
}

export const networkpolicy = podActionner<Parameters>({
  name: "kubernetes:networkpolicy",
  description:
    "Cuts the pod that raised the alert, and those with the same labels, off from everything they could reach",
  continue: true,
  repeatable: true,
  disrupts: 1,
  givesOutput: false,
  parameters: {
    allow_cidr: cidrs("Addresses that stay reachable"),
    allow: cidrs("What allow_cidr is called in older files"),
    allow_namespaces: list("Namespaces that stay reachable", "namespaces' names", (text) =>
      isNamespace(text) ? text : undefined,
    ),
  },
  permissions: () => [{ apiGroup: "", resource: "pods", verbs: ["get"] }, ...POLICY_PERMISSIONS],
  example: `- action: Create a network policy
  actionner: kubernetes:networkpolicy
  parameters:
    allow_cidr:
      - 192.168.1.0/24
    allow_namespaces:
      - monitoring
`,
  run: async ({ cluster, pod }, { allow, allow_cidr, allow_namespaces }) => {
    const allowed = { cidrs: [...new Set([...allow_cidr, ...allow])], namespaces: allow_namespaces };
    const found = await findPod(cluster, pod);
    if ("outcome" in found) return found;
    const beyond = outOfReach(found.pod);
    if (beyond !== undefined) return { outcome: "failed", message: `nothing was done: ${beyond}` };
    const { namespace } = pod;
    const described = `pod ${namespace}/${pod.name}`;
    const body = policyFor(found, namespace, allowed);
    if (!body)
      return { outcome: "failed", message: `${described} has no labels that a network policy could select it by` };
    const name = body.metadata?.name ?? "";
    const wrong = await ensurePolicy(cluster, body);
    if (wrong !== undefined) return { outcome: "failed", message: `${described} is not cut off: ${wrong}` };
    // whoever holds the pod may be able to label it, and so to leave the policy while it is made
    const now = await ifThere(cluster.metadata({ resource: PODS, namespace, name: pod.name }));
    const labels = (now && shaped(now, OBJECT).metadata?.labels) ?? {};
    if (now && !selects(body.spec?.podSelector ?? {}, labels)) {
      const message = `network policy ${namespace}/${name} was made, but ${described} got other labels meanwhile, and it no longer holds it`;
      return { outcome: "failed", message };
    }
    const others = await othersThatAllow(
      cluster,
      { namespace, name },
      now ? labels : (found.pod.metadata?.labels ?? {}),
      ["Egress"],
    );
    if (others.length > 0) {
      const message = `network policy ${namespace}/${name} was made, but ${described} reaches more: ${listed(others)} let it through as well`;
      return { outcome: "failed", message };
    }
    const reachable = [...allowed.cidrs, ...allowed.namespaces].join(", ") || "nothing";
    return { outcome: "done", message: `network policy ${namespace}/${name} lets ${described} reach ${reachable}` };
  },
});

/** What stays reachable. */
interface Allowed {
  cidrs: readonly string[];
  namespaces: readonly string[];
}

/** What controllers add per revision or per pod: a policy is to hold for the pods beside this one and after it, too. */
const PASSING_LABELS = [
  "pod-template-hash",
  "pod-template-generation",
  "controller-revision-hash",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "batch.kubernetes.io/job-completion-index",
];

/** undefined for a pod without labels, which would be every pod of the namespace. */
function policyFor({ pod }: FoundPod, namespace: string, allowed: Allowed): V1NetworkPolicy | undefined {
  const labels = Object.entries(pod.metadata?.labels ?? {}).filter(([key]) => !PASSING_LABELS.includes(key));
  if (labels.length === 0) return undefined;
  const owner = controllerOf(pod)?.name ?? pod.metadata?.name ?? "";
  const peers: V1NetworkPolicyPeer[] = [
    ...allowed.cidrs.map((cidr) => ({ ipBlock: { cidr } })),
    ...allowed.namespaces.map((name) => ({
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
    })),
  ];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      // cut at a dot, it would be no name
      name: `response-${owner.slice(0, 200).replace(/[-.]+$/, "")}-${hashOf(labels)}`,
      namespace,
      labels: MADE_BY,
    },
    spec: {
      podSelector: { matchLabels: Object.fromEntries(labels) },
      policyTypes: ["Egress"],
      egress: peers.length > 0 ? [{ to: peers }] : [],
    },
  };
}

/** One policy per set of labels: another pod of the same owner, with a label more, is not to narrow this one's. */
function hashOf(labels: readonly (readonly [string, string])[]): string {
  return createHash("sha256").update(JSON.stringify(labels.toSorted())).digest("hex").slice(0, 8);
}

function cidrs(description: string) {
  return list(description, 'CIDRs ("10.0.0.0/8")', (text) => (isCidr(text) ? text : undefined));
}

function isCidr(text: string): boolean {
  const [, address = "", prefix = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(prefix) <= (version === 4 ? 32 : 128);
}
