import { isMap } from "../json.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import type { Resource } from "../kubernetes/resources.ts";
import { OBJECT, shaped } from "../kubernetes/shapes.ts";
import { plain } from "../text.ts";

/**
 * Where an object isn't what a merge patch was to make of it, as "metadata.labels.app"; undefined where it is. An
 * admission webhook may change what was asked for, and the API still says 200.
 * @see https://www.rfc-editor.org/rfc/rfc7386
 */
export function notShown(object: unknown, patch: unknown, path = ""): string | undefined {
  if (!isMap(patch))
    return (patch === null ? object === undefined || object === null : object === patch) ? undefined : path;
  const there = isMap(object) ? object : {};
  for (const [key, value] of Object.entries(patch)) {
    const found = notShown(
      Object.hasOwn(there, key) ? there[key] : undefined,
      value,
      path === "" ? key : `${path}.${key}`,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** How far the deletion of an object is: what is still to come, "" where nothing is; undefined where the answer shows none. */
export function deletionShown(
  answer: KubernetesObject | undefined,
  uid: string,
  { shownAsItWas = false }: Pick<Resource, "shownAsItWas"> = {},
): string | undefined {
  if (!answer) return "";
  const { metadata } = shaped(answer, OBJECT);
  if (metadata?.uid !== uid) return undefined;
  // what finalizers hold has a time, whatever its kind
  if (metadata.deletionTimestamp === undefined) return shownAsItWas && !metadata.finalizers?.length ? "" : undefined;
  const { deletionGracePeriodSeconds: seconds = 0, finalizers = [] } = metadata;
  const waits = [
    ...(seconds > 0 ? [`it has ${seconds} s to end`] : []),
    ...(finalizers.length > 0 ? [`held by its finalizers: ${listed(finalizers)}`] : []),
  ];
  return waits.join(", ");
}

/** How many names are told before the rest is counted. */
const TOLD = 5;

/** Names of others' choosing in a message: the first few, and how many more. */
export function listed(names: readonly string[]): string {
  const told = names.slice(0, TOLD).map((name) => plain(name, 256));
  const more = names.length - told.length;
  return more > 0 ? `${told.join(", ")} and ${more} more` : told.join(", ");
}
