import type { ClusterError } from "../cluster.ts";
import type { Result } from "./action.ts";

/**
 * What an answer of the API means to an action that names a pod by its UID: the pod is gone, or another has its
 * name. undefined for any other answer, a conflict on anything but the UID too, which is passing.
 * @param described the pod, for the message
 * @param otherUid what the API says of a UID that is another
 */
export function settledBy(
  { code, message }: ClusterError,
  described: string,
  otherUid = /UID in (the )?precondition/,
): Result | undefined {
  if (code === 404) return { outcome: "gone", message: `${described} is already gone` };
  if (code !== 409 || !otherUid.test(message)) return undefined;
  return { outcome: "replaced", message: `${described} is already gone; another pod has its name now and was left alone` };
}
