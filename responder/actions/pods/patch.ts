import type { V1Node } from "@kubernetes/client-node";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { apiErrorOf } from "../../kubernetes/errors.ts";
import { ifThere } from "../../kubernetes/if-there.ts";
import { NODES, PODS } from "../../kubernetes/resources.ts";
import { isObjectName, isUid } from "../../names.ts";
import { isYounger } from "../age.ts";
import type { Occasion, PodOccasion } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { findPod, staticPodResult, type FoundPod } from "./find-pod.ts";
import { goneOrReplaced, isOtherUid } from "./gone-or-replaced.ts";

/**
 * Changes the pod that raised the alert, and no other: its UID in the patch makes the API refuse one of another
 * UID. An alert with a UID takes one call.
 * @param patch a JSON merge patch, without metadata.uid
 * @param done what is said of it afterwards, after "pod NAMESPACE/NAME"
 */
export async function patchPod(
  { cluster, pod }: PodOccasion,
  patch: { metadata: Record<string, unknown> },
  done: string,
): Promise<Result> {
  const { namespace, name } = pod;
  let uid = pod.uid;
  if (uid === undefined) {
    const found = await findPod(cluster, pod);
    if ("outcome" in found) return found;
    if (found.isStatic) return staticPodResult(pod, found);
    uid = found.uid;
  }
  try {
    const body = { ...patch, metadata: { ...patch.metadata, uid } };
    await cluster.patch({ resource: PODS, namespace, name }, body);
    return { outcome: "done", message: `pod ${namespace}/${name} ${done}` };
  } catch (thrown) {
    return await goneOrReplaced(thrown, cluster, pod);
  }
}

/** A node, and what tells it from another of its name. */
export interface FoundNode {
  name: string;
  uid: string;
  /** The pod by which it was found; undefined for an alert of the host. */
  pod?: FoundPod;
}

/** The node that the alert's pod is on, or that an alert of the host names and that is as old as the alert. */
export async function findNode({ alert, cluster }: Occasion): Promise<FoundNode | Result> {
  const { pod, node } = alert.named;
  const found = pod && (await findPod(cluster, pod));
  if (found && "outcome" in found) return found;
  const name = found ? found.pod.spec?.nodeName : node;
  if (name === undefined || !isObjectName(name))
    return { outcome: "failed", message: `pod ${pod?.namespace ?? ""}/${pod?.name ?? ""} is on no node` };
  const object = await ifThere(cluster.get<V1Node>({ resource: NODES, name }));
  const uid = object?.metadata?.uid;
  if (!object || uid === undefined || !isUid(uid)) return { outcome: "gone", message: `there is no node ${name}` };
  const raisedAt = alert.time === undefined ? undefined : Date.parse(alert.time);
  if (!found && isYounger(object, raisedAt) !== false) {
    return {
      outcome: "replaced",
      message: `node ${name} is younger than the alert, or nobody can tell, and was left alone`,
    };
  }
  return { name, uid, ...(found && { pod: found }) };
}

/** Changes the node that the alert is about, and no other of its name. @param patch a JSON merge patch */
export async function patchNode(
  occasion: Occasion,
  patch: { metadata?: object; spec?: object },
  done: string,
): Promise<Result> {
  const found = await findNode(occasion);
  if ("outcome" in found) return found;
  return await patchFoundNode(occasion.cluster, found, patch, done);
}

export async function patchFoundNode(
  cluster: Cluster,
  { name, uid }: FoundNode,
  patch: { metadata?: object; spec?: object },
  done: string,
): Promise<Result> {
  try {
    await cluster.patch({ resource: NODES, name }, { ...patch, metadata: { ...patch.metadata, uid } });
    return { outcome: "done", message: `node ${name} ${done}` };
  } catch (thrown) {
    if (!isOtherUid(apiErrorOf(thrown))) throw thrown;
    return { outcome: "replaced", message: `node ${name} is gone; another has its name now and was left alone` };
  }
}
