import type { V1NetworkPolicy } from "@kubernetes/client-node";
import type { PodReference } from "../../alerts/named.ts";
import { LIMITS } from "../../limits.ts";
import { plain } from "../../text.ts";
import { podActionner } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { findPod, staticPodResult } from "../pods/find-pod.ts";
import { patchPod } from "../pods/patch.ts";
import { ensurePolicy, MADE_BY, othersThatAllow, outOfReach, POLICY_PERMISSIONS } from "../pods/policy.ts";

/** The label that stays on a pod in quarantine: its policy selects it by that. */
const QUARANTINE = "response-engine.io/quarantine";
/** The annotation that keeps the labels it had, as JSON, for who wants to see or restore them. */
const LABELS_BEFORE = "response-engine.io/labels-before-quarantine";

export const quarantine = podActionner<object>({
  name: "kubernetes:quarantine",
  description:
    "Cuts the pod that raised the alert off, takes it out of its Services and its controller, which starts a clean " +
    "replica (a StatefulSet only when the pod, which keeps its name, is gone), and keeps it running for who investigates",
  continue: true,
  repeatable: true,
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
    if (found.isStatic) return staticPodResult(pod, found);
    // the wall first: without its labels the pod leaves the policies that held it until now
    const policy = quarantinePolicy(found.uid, pod);
    const wrong = await ensurePolicy(cluster, policy);
    if (wrong !== undefined) return { outcome: "failed", message: `${described} is not in quarantine: ${wrong}` };
    const { labels = {}, annotations } = found.pod.metadata ?? {};
    const isAlready = labels[QUARANTINE] === found.uid && Object.keys(labels).length === 1;
    const metadata = {
      labels: { ...Object.fromEntries(Object.keys(labels).map((label) => [label, null])), [QUARANTINE]: found.uid },
      annotations: {
        [LABELS_BEFORE]: annotations?.[LABELS_BEFORE] ?? JSON.stringify(labels),
        "response-engine.io/quarantined-for": plain(alert.rule, LIMITS.field),
      },
    };
    const said = "is in quarantine, and still running";
    const result: Result = isAlready
      ? { outcome: "done", message: `${described} is in quarantine already` }
      : await patchPod({ ...occasion, pod: { ...pod, uid: found.uid } }, { metadata }, said);
    if (result.outcome !== "done") return result;
    const others = await othersThatAllow(
      cluster,
      { namespace, name: policy.metadata?.name ?? "" },
      { [QUARANTINE]: found.uid },
      ["Ingress", "Egress"],
    );
    if (others.length === 0) return result;
    const message = `${described} is out of its Services and its controller, but not cut off: ${others.join(", ")} let it through as well`;
    return { outcome: "failed", message };
  },
});

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
