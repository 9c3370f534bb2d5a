import { clusterError } from "../../kubernetes/errors.ts";
import type { PodOccasion } from "../actionner.ts";
import type { Result } from "../outcome.ts";
import { findPod } from "./find-pod.ts";
import { settledBy } from "./gone-or-replaced.ts";

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
  const described = `pod ${namespace}/${name}`;
  let uid = pod.uid;
  if (uid === undefined) {
    const found = await findPod(cluster, pod);
    if ("outcome" in found) return found;
    uid = found.uid;
  }
  try {
    const body = { ...patch, metadata: { ...patch.metadata, uid } };
    await cluster.core.patchNamespacedPod({ namespace, name, body });
    return { outcome: "done", message: `${described} ${done}` };
  } catch (thrown) {
    const settled = settledBy(clusterError(thrown), described);
    if (!settled) throw thrown;
    return settled;
  }
}

/** Changes the node that the pod is on. @param patch a JSON merge patch */
export async function patchNode({ cluster, pod }: PodOccasion, patch: object, done: string): Promise<Result> {
  const found = await findPod(cluster, pod);
  if ("outcome" in found) return found;
  const name = found.pod.spec?.nodeName;
  if (!name) return { outcome: "failed", message: `pod ${pod.namespace}/${pod.name} is on no node` };
  await cluster.core.patchNode({ name, body: patch });
  return { outcome: "done", message: `node ${name} ${done}` };
}
