import type { V1NetworkPolicy } from "@kubernetes/client-node";
import type { PodReference } from "../../alerts/named.ts";
import { LIMITS } from "../../limits.ts";
import { plain } from "../../text.ts";
import { podActionner } from "../actionner.ts";
import { findPod, staticPodResult } from "../pods/find-pod.ts";
import { changePod } from "../pods/patch.ts";
import { listed } from "../shown.ts";
import { ensurePolicy, MADE_BY, othersThatAllow, outOfReach, POLICY_PERMISSIONS } from "../pods/policy.ts";

/** The label that stays on a pod in quarantine: its policy selects it by that. */
const QUARANTINE = "response-engine.io/quarantine";
/** The annotation that keeps the labels it had, as JSON, for who wants to see or restore them. */
const LABELS_BEFORE = "response-engine.io/labels-before-quarantine";
const QUARANTINED_FOR = "response-engine.io/quarantined-for";

export const quarantine = podActionner<object>({
  name: "kubernetes:quarantine",
  description:
    "Cuts the pod that raised the alert off, takes it out of its Services and its controller, which starts a clean " +
    "replica (a StatefulSet only when the pod, which keeps its name, is gone), and keeps it running for who investigates",
  continue: true,
  repeatable: true,
  disrupts: 1,
  givesOutput: false,
  parameters: {},
  permissions: () => [{ apiGroup: "", resource: "pods", verbs: ["get", "patch"] }, ...POLICY_PERMISSIONS],
  example: `- action: Quarantine the pod
  actionner: kubernetes:quarantine
`,
  run: async (occasion) => {
    const { cluster, pod, alert } = occasion;
    const found = await findPod(cluster, pod);
    if ("outcome" in found) return found;
    const { namespace, name } = pod;
    const described = `pod ${namespace}/${name}`;
    const beyond = outOfReach(found.pod);
    if (beyond !== undefined) return { outcome: "failed", message: `nothing was done: ${beyond}` };
    if (found.isStatic) return staticPodResult(pod, found.pod.spec?.nodeName);
    // the wall first: without its labels the pod leaves the policies that held it until now
    const policy = quarantinePolicy(found.uid, pod);
    const wrong = await ensurePolicy(cluster, policy);
    if (wrong !== undefined) return { outcome: "failed", message: `${described} is not in quarantine: ${wrong}` };
    const { labels = {}, annotations = {} } = found.pod.metadata ?? {};
    const isAlready = labels[QUARANTINE] === found.uid && Object.keys(labels).length === 1;
    const remembered = isAlready ? undefined : remember(labels, annotations, alert.rule);
    if (!isAlready) {
      const metadata = { labels: onlyQuarantine(labels, found.uid), ...(remembered && { annotations: remembered }) };
      const result = await changePod({ ...occasion, pod: { ...pod, uid: found.uid } }, { metadata });
      if ("outcome" in result) return result;
      const kept = Object.keys(result.changed.metadata?.labels ?? {}).filter((label) => label !== QUARANTINE);
      if (kept.length > 0) {
        const message = `${described} is cut off, but may still be in its Services and its controller: it got labels meanwhile (${listed(kept)})`;
        return { outcome: "failed", message };
      }
    }
    const others = await othersThatAllow(
      cluster,
      { namespace, name: policy.metadata?.name ?? "" },
      { [QUARANTINE]: found.uid },
      ["Ingress", "Egress"],
    );
    if (others.length > 0) {
      const message = `${described} is out of its Services and its controller, but not cut off: ${listed(others)} let it through as well`;
      return { outcome: "failed", message };
    }
    if (isAlready) return { outcome: "done", message: `${described} is in quarantine already` };
    const lost = remembered ? "" : "; the labels it had are not kept, as its annotations leave no room for them";
    return { outcome: "done", message: `${described} is in quarantine, and still running${lost}` };
  },
});

function onlyQuarantine(labels: Readonly<Record<string, string>>, uid: string): Record<string, string | null> {
  return Object.fromEntries([...Object.keys(labels).map((label) => [label, null] as const), [QUARANTINE, uid]]);
}

/** Bytes of all annotations of an object together. @see https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const ANNOTATIONS_LIMIT = 256 * 1024;

/** What a pod in quarantine is told apart by; undefined where its annotations, which anybody may fill, leave no room. */
function remember(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
  rule: string,
): Record<string, string> | undefined {
  const added = {
    [LABELS_BEFORE]: annotations[LABELS_BEFORE] ?? JSON.stringify(labels),
    [QUARANTINED_FOR]: plain(rule, LIMITS.field),
  };
  const all = Object.entries({ ...annotations, ...added });
  const size = all.reduce((sum, [key, text]) => sum + Buffer.byteLength(key) + Buffer.byteLength(text), 0);
  return size <= ANNOTATIONS_LIMIT ? added : undefined;
}

/** What closes the pod off as soon as it has the label; it goes with the pod. */
function quarantinePolicy(uid: string, { namespace, name }: PodReference): V1NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: `quarantine-${uid.toLowerCase()}`,
      namespace,
      labels: MADE_BY,
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid }],
    },
    spec: { podSelector: { matchLabels: { [QUARANTINE]: uid } }, policyTypes: ["Ingress", "Egress"] },
  };
}
