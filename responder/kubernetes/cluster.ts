import type { AppsV1Api, CoreV1Api, NetworkingV1Api } from "@kubernetes/client-node";

/** The parts of the Kubernetes API that actions work with. A patch is a JSON merge patch. */
export interface Cluster {
  core: Pick<
    CoreV1Api,
    | "readNamespacedPod"
    | "deleteNamespacedPod"
    | "patchNamespacedPod"
    | "patchNode"
    | "listPodForAllNamespaces"
    | "createNamespacedPodEviction"
    | "readNamespacedPodLog"
    | "readNode"
    | "listNamespacedEvent"
    | "readNamespacedEvent"
    | "createNamespacedEvent"
    | "patchNamespacedEvent"
  >;
  apps: Pick<AppsV1Api, "readNamespacedReplicaSet" | "readNamespacedStatefulSet">;
  networking: Pick<NetworkingV1Api, "createNamespacedNetworkPolicy" | "patchNamespacedNetworkPolicy">;
  /** The object at a path of the API. */
  readObject: (path: string) => Promise<unknown>;
  /** Deletes the object at a path of the API, with what it owns. */
  deleteObject: (path: string) => Promise<void>;
  exec: (command: Command) => Promise<Ended>;
}

/** What is to be run in a container, and no longer than `timeout` milliseconds. */
export interface Command {
  namespace: string;
  pod: string;
  container: string;
  command: readonly string[];
  timeout: number;
  /** How much of its output is kept, in bytes. */
  limit: number;
}

/** How a command ended that was begun. */
export interface Ended {
  /** What it wrote to stdout and stderr, in the order it came. */
  output: string;
  truncated: boolean;
  /** undefined for one that succeeded; else why not, in words. */
  failure?: string;
}
