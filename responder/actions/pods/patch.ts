import type { V1Pod } from "@kubernetes/client-node";
import { raisedAtOf } from "../../alerts/named.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { apiErrorOf, isNotFound } from "../../kubernetes/errors.ts";
import { ifThere } from "../../kubernetes/if-there.ts";
import { NODES, PODS } from "../../kubernetes/resources.ts";
import { NODE, POD, shaped } from "../../kubernetes/shapes.ts";
import { isObjectName, isUid } from "../../names.ts";
import { isYounger } from "../age.ts";
import type { Occasion, PodOccasion } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { notShown } from "../shown.ts";
import { findPod, staticPodResult, type FoundPod } from "./find-pod.ts";
import { goneOrReplaced, isOtherUid } from "./gone-or-replaced.ts";

/**
 * Changes the pod that raised the alert, and no other: its UID in the patch makes the API refuse one of another
 * UID. An alert with a UID takes one call.
 * @param patch a JSON merge patch, without metadata.uid
 * @param done what is said of it afterwards, after "pod NAMESPACE/NAME"
 */
export async function patchPod(
  occasion: PodOccasion,
  patch: { metadata: Record<string, unknown> },
  done: string,
): Promise<Result> {
  const changed = await changePod(occasion, patch);
  const { namespace, name } = occasion.pod;
  return "outcome" in changed ? changed : { outcome: "done", message: `pod ${namespace}/${name} ${done}` };
}

/** The same for who wants to see the pod as the API has it afterwards. */
export async function changePod(
  { cluster, pod }: PodOccasion,
  patch: { metadata: Record<string, unknown> },
): Promise<{ changed: V1Pod } | Result> {
  const { namespace, name } = pod;
  let uid = pod.uid;
  if (uid === undefined) {
    const found = await findPod(cluster, pod);
    if ("outcome" in found) return found;
    if (found.isStatic) return staticPodResult(pod, found.pod.spec?.nodeName);
    uid = found.uid;
  }
  try {
    const body = { ...patch, metadata: { ...patch.metadata, uid } };
    const changed = shaped(await cluster.patch({ resource: PODS, namespace, name }, body), POD);
    return unlessShown(changed, body, `pod ${namespace}/${name}`) ?? { changed };
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
  const answer = await ifThere(cluster.get({ resource: NODES, name }));
  const object = answer && shaped(answer, NODE);
  const uid = object?.metadata?.uid;
  if (!object || uid === undefined || !isUid(uid)) return { outcome: "gone", message: `there is no node ${name}` };
  const younger = !found && isYounger(object, raisedAtOf(alert.time));
  if (younger === undefined) {
    return { outcome: "failed", message: `can't tell whether node ${name} is older than the alert: it has no time` };
  }
  if (younger) return { outcome: "replaced", message: `node ${name} is younger than the alert, and was left alone` };
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
    const body = { ...patch, metadata: { ...patch.metadata, uid } };
    const changed = shaped(await cluster.patch({ resource: NODES, name }, body), NODE);
    return unlessShown(changed, body, `node ${name}`) ?? { outcome: "done", message: `node ${name} ${done}` };
  } catch (thrown) {
    const error = apiErrorOf(thrown);
    if (isNotFound(error)) return { outcome: "gone", message: `there is no node ${name} any more` };
    if (!isOtherUid(error)) throw thrown;
    return { outcome: "replaced", message: `node ${name} is gone; another has its name now and was left alone` };
  }
}

/** What is said of a change that the API took and doesn't show. */
function unlessShown(changed: object, patch: object, described: string): Result | undefined {
  const missing = notShown(changed, patch);
  if (missing === undefined) return undefined;
  return {
    outcome: "failed",
    message: `the API took the change of ${described}, but ${missing} isn't what was asked for`,
  };
}
