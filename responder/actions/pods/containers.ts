import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { PodReference } from "../../alerts/named.ts";
import { isContainerName } from "../../names.ts";

/** Every container of the pod that has been started, in the order of the pod's status. */
export function containersOf({ status }: V1Pod): V1ContainerStatus[] {
  return [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].filter(({ name }) => isContainerName(name));
}

/** The names of the containers that the pod is made of, started or not. */
export function containerNames({ spec }: V1Pod): string[] {
  return (spec?.containers ?? []).map(({ name }) => name).filter(isContainerName);
}

/**
 * The container with an id, or that had it before it restarted.
 * @param id its first characters; Falco gives 12
 */
export function containerWithId(pod: V1Pod, id: string): V1ContainerStatus | undefined {
  return containersOf(pod).find(({ containerID, lastState }) =>
    [containerID, lastState?.terminated?.containerID].some((full) => full !== undefined && idIn(full).startsWith(id)),
  );
}

/**
 * The container that an alert names, by its id or its name; `name` is undefined where the pod has none such.
 * @returns undefined where the alert names none at all
 */
export function containerOf(
  pod: V1Pod,
  { containerId, container, unknownContainer }: PodReference,
): { asked: string; name: string | undefined } | undefined {
  if (containerId !== undefined) return { asked: containerId, name: containerWithId(pod, containerId)?.name };
  if (unknownContainer !== undefined) return { asked: unknownContainer, name: undefined };
  if (container === undefined) return undefined;
  const isThere = [...containerNames(pod), ...containersOf(pod).map(({ name }) => name)].includes(container);
  return { asked: container, name: isThere ? container : undefined };
}

/** Of "containerd://ID", the id. */
function idIn(full: string): string {
  const at = full.indexOf("://");
  return at < 0 ? full : full.slice(at + 3);
}
