import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";

/** Every container of the pod that has been started, in the order of the pod's status. */
export function containersOf({ status }: V1Pod): V1ContainerStatus[] {
  return [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
}

/**
 * The container with an id, or that had it before it restarted.
 * @param id its first characters; Falco gives 12
 */
export function containerWithId(pod: V1Pod, id: string): V1ContainerStatus | undefined {
  return containersOf(pod).find(({ containerID, lastState }) =>
    [containerID, lastState?.terminated?.containerID].some((full) =>
      full?.slice(full.indexOf("://") + 3).startsWith(id),
    ),
  );
}
