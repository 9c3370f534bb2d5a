import type { V1NetworkPolicy } from "@kubernetes/client-node";
import { clusterError } from "../../kubernetes/errors.ts";
import { podActionner, type PodOccasion } from "../actionner.ts";
import { findPod } from "../pods/find-pod.ts";
import { patchPod } from "../pods/patch.ts";

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
  permissions: () => [
    { apiGroup: "", resource: "pods", verbs: ["get", "patch"] },
    { apiGroup: "networking.k8s.io", resource: "networkpolicies", verbs: ["create"] },
  ],
  example: `- action: Quarantine the pod
  actionner: kubernetes:quarantine
`,
  run: async (occasion) => {
    const { cluster, pod, alert } = occasion;
    const found = await findPod(cluster, pod);
    if ("outcome" in found) return found;
    const { namespace, name } = pod;
    const { labels = {}, annotations } = found.pod.metadata ?? {};
    if (labels[QUARANTINE] === found.uid) {
      return { outcome: "done", message: `pod ${namespace}/${name} is in quarantine already` };
    }
    // the wall first: without its labels the pod leaves the policies that held it until now
    await wall(found.uid, occasion);
    const removed = Object.fromEntries(Object.keys(labels).map((label) => [label, null]));
    const metadata = {
      labels: { ...removed, [QUARANTINE]: found.uid },
      annotations: {
        [LABELS_BEFORE]: annotations?.[LABELS_BEFORE] ?? JSON.stringify(labels),
        "response-engine.io/quarantined-for": alert.rule,
      },
    };
    return await patchPod(
      { ...occasion, pod: { ...pod, uid: found.uid } },
      { metadata },
      "is in quarantine, and still running",
    );
  },
});

/** Makes the policy that closes the pod off as soon as it has the label. */
async function wall(uid: string, { cluster, pod: { namespace } }: PodOccasion): Promise<void> {
  const body: V1NetworkPolicy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `quarantine-${uid}`, namespace, labels: { "app.kubernetes.io/managed-by": "response-engine" } },
    spec: { podSelector: { matchLabels: { [QUARANTINE]: uid } }, policyTypes: ["Ingress", "Egress"] },
  };
  try {
    await cluster.networking.createNamespacedNetworkPolicy({ namespace, body });
  } catch (thrown) {
    // an attempt before this one made it, and then the API failed
    if (clusterError(thrown).code !== 409) throw thrown;
  }
}
