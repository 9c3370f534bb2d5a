import type { V1Pod } from "@kubernetes/client-node";
import type { PodReference } from "../../alerts/named.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { ifThere } from "../../kubernetes/if-there.ts";
import type { Metadata } from "../../kubernetes/objects.ts";
import { PODS } from "../../kubernetes/resources.ts";
import { OBJECT, POD, shaped, type Looked } from "../../kubernetes/shapes.ts";
import { isUid } from "../../names.ts";
import { isYounger } from "../age.ts";
import type { Result } from "../outcome.ts";
import { containerWithId } from "./containers.ts";

export interface FoundPod {
  pod: V1Pod;
  uid: string;
  /** Whether the API shows a static pod of its node, which the kubelet alone starts and ends. */
  isStatic: boolean;
}

/**
 * Reads the pod that an alert names and makes sure that it is the one: by its UID where the alert carries it, by the
 * container's id otherwise (also that of a container that has since restarted), and for an audit alert, which has
 * neither, by being as old as the alert at least: then nothing else had its name. Anything else is a result: the pod
 * is gone, replaced, or can't be told from another.
 * @param looked what is kept of it
 * @throws {ApiError}
 */
export async function findPod(
  cluster: Cluster,
  reference: PodReference,
  looked: Looked<V1Pod> = POD,
): Promise<FoundPod | Result> {
  const { namespace, name } = reference;
  const described = `pod ${namespace}/${name}`;
  const object = await ifThere(cluster.get({ resource: PODS, namespace, name }));
  if (!object) return { outcome: "gone", message: `${described} is already gone` };
  const shown = shaped(object, looked);
  // whatever the answer calls it: what was asked for is what is gone on with
  const pod = { ...shown, metadata: { ...shown.metadata, namespace, name } };
  const { uid } = pod.metadata;
  const same = uid !== undefined && isUid(uid) && isTheOne(pod, uid, reference);
  if (same === undefined) {
    const message =
      `can't tell whether ${described} raised the alert, which has no k8s.pod.uid, container.id or time to tell it by; ` +
      "add k8s.pod.uid to Falco's append_output";
    return { outcome: "failed", message };
  }
  if (!same) {
    const message = `the ${described} that raised the alert is gone; another has its name now and was left alone`;
    return { outcome: "replaced", message };
  }
  // the kubelet, and so the alert, knows a static pod by the other UID: one that bears the API's only looks like one
  return { pod, uid, isStatic: staticUidOf(pod) !== undefined && reference.uid !== uid };
}

/** undefined where nobody can know. */
function isTheOne(pod: V1Pod, podUid: string, { uid, containerId, raisedAt }: PodReference): boolean | undefined {
  if (uid !== undefined) return uid === podUid || uid === staticUidOf(pod);
  if (containerId !== undefined) return containerWithId(pod, containerId) !== undefined;
  const younger = isYounger(pod, raisedAt);
  return younger === undefined ? undefined : !younger;
}

/**
 * The UID that the kubelet and so Falco know a static pod by; the API's picture of it has another. Who could write
 * the annotation on a pod of their own would still have to be its node by its name.
 * @see https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror
 */
function staticUidOf({ metadata, spec }: V1Pod): string | undefined {
  const node = mirrorOf(metadata as Metadata | undefined);
  return node !== undefined && node === spec?.nodeName ? metadata?.annotations?.[MIRROR] : undefined;
}

export const MIRROR = "kubernetes.io/config.mirror";

/** The node whose static pod the API shows by this one; undefined for any other pod. */
export function mirrorOf({ name = "", annotations = {}, ownerReferences = [] }: Metadata = {}): string | undefined {
  if (!Object.hasOwn(annotations, MIRROR)) return undefined;
  return ownerReferences.find((owner) => owner.kind === "Node" && name.endsWith(`-${owner.name}`))?.name;
}

/** What is said where an action would have to end or change a static pod. */
export function staticPodResult(
  { namespace, name }: Pick<PodReference, "namespace" | "name">,
  node: string | undefined,
): Result {
  const message = `pod ${namespace}/${name} is a static pod, which the API only shows: it runs until its manifest is taken off node ${node ?? ""}`;
  return { outcome: "failed", message };
}

/** A result where another pod has taken the name since the first was found. @throws {ApiError} */
export async function otherSince(
  cluster: Cluster,
  { namespace, name }: PodReference,
  uid: string,
): Promise<Result | undefined> {
  const now = await ifThere(cluster.metadata({ resource: PODS, namespace, name }));
  if (!now || shaped(now, OBJECT).metadata?.uid === uid) return undefined;
  return { outcome: "replaced", message: `pod ${namespace}/${name} went, and another took its name meanwhile` };
}
