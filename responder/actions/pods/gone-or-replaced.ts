import type { ClusterError } from "../../kubernetes/errors.ts";
import type { Result } from "../outcome.ts";

/**
 * What an answer of the API means to an action that names a pod by its UID: the pod is gone, or another has its
 * name. undefined for any other answer, a conflict on anything but the UID too, which is passing.
 * @param described the pod, for the message
 */
export function settledBy({ code, message }: ClusterError, described: string): Result | undefined {
  if (code === 404) return { outcome: "gone", message: `${described} is already gone` };
  if (OTHER_UID[code ?? 0]?.test(message) !== true) return undefined;
  return {
    outcome: "replaced",
    message: `${described} is already gone; another pod has its name now and was left alone`,
  };
}

/** How the API says so, by status: of a deletion's precondition, and of a patch, which would have to change the UID. */
const OTHER_UID: Readonly<Record<number, RegExp>> = {
  409: /UID in (the )?precondition/,
  422: /metadata\.uid: .*field is immutable/,
};
