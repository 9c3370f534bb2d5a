import type { V1Pod } from "@kubernetes/client-node";
import type { PodReference } from "../../alerts/alert.ts";
import { clusterError } from "../../kubernetes/errors.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { Result } from "../outcome.ts";
import { containerWithId } from "./containers.ts";

export interface FoundPod {
  pod: V1Pod;
  uid: string;
}

/**
 * Reads the pod that an alert names and makes sure that it is the one that raised it: by its UID where the
 * alert carries it, by the container's id otherwise (also that of a container that has since restarted).
 * Anything else is a result: the pod is gone, replaced, or can't be told from another.
 */
export async function findPod(cluster: Cluster, reference: PodReference): Promise<FoundPod | Result> {
  const { namespace, name, uid, containerId } = reference;
  const described = `pod ${namespace}/${name}`;
  let pod: V1Pod;
  try {
    pod = await cluster.core.readNamespacedPod({ namespace, name });
  } catch (thrown) {
    if (clusterError(thrown).code === 404) return { outcome: "gone", message: `${described} is already gone` };
    throw thrown;
  }
  const podUid = pod.metadata?.uid;
  if (uid === undefined && (containerId === undefined || containerId.length < SHORT_ID)) {
    return {
      outcome: "failed",
      message:
        `can't tell whether ${described} raised the alert, which has neither k8s.pod.uid nor container.id; ` +
        "add k8s.pod.uid to Falco's append_output",
    };
  }
  const same = uid === undefined ? containerWithId(pod, containerId ?? "") !== undefined : uid === podUid;
  if (podUid === undefined || !same) {
    return {
      outcome: "replaced",
      message: `the ${described} that raised the alert is gone; another has its name now and was left alone`,
    };
  }
  return { pod, uid: podUid };
}

/** Falco cuts a container's id to its first 12 characters. */
const SHORT_ID = 12;
