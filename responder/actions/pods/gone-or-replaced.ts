import type { PodReference } from "../../alerts/named.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { apiErrorOf, isNotFound, type ApiError } from "../../kubernetes/errors.ts";
import type { Result } from "../outcome.ts";
import { findPod, staticPodResult } from "./find-pod.ts";

/**
 * What an answer of the API means to an action that names a pod by its UID: the pod is gone, another has its name, or
 * it is a static pod, which the API knows by another UID.
 * @throws what was thrown, where it means none of these: a conflict on anything but the UID too, which is passing
 */
export async function goneOrReplaced(thrown: unknown, cluster: Cluster, pod: PodReference): Promise<Result> {
  const error = apiErrorOf(thrown);
  const described = `pod ${pod.namespace}/${pod.name}`;
  if (isNotFound(error)) return { outcome: "gone", message: `${described} is already gone` };
  if (!isOtherUid(error)) throw thrown;
  const found = await findPod(cluster, pod);
  if (!("outcome" in found) && found.isStatic) return staticPodResult(pod, found.pod.spec?.nodeName);
  return {
    outcome: "replaced",
    message: `${described} is already gone; another pod has its name now and was left alone`,
  };
}

/** How the API says so: of a deletion's precondition, and of a patch, which would have to change the UID. */
export function isOtherUid({ failure, code, message }: ApiError): boolean {
  if (failure !== "status") return false;
  if (code === 409) return /UID in (the )?precondition/.test(message);
  return code === 422 && /metadata\.uid: .*field is immutable/.test(message);
}
