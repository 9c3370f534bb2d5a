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

/** What the Kubernetes API said when it did not do as asked; `code` is undefined where nothing answered. */
export interface ClusterError {
  code?: number;
  /** metav1.Status' message, or what the network said. */
  message: string;
  /** Seconds the API asks to wait before a retry. */
  retryAfter?: number;
}

/**
 * Reads the client's exception: an answer outside 2xx, or none at all (connection refused, time-out, TLS).
 * @see https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#status-v1-meta
 */
export function clusterError(error: unknown): ClusterError {
  const thrown = error as { code?: unknown; body?: unknown; headers?: Record<string, string>; cause?: unknown };
  if (typeof thrown.code !== "number") {
    const cause = thrown.cause instanceof Error ? `: ${thrown.cause.message}` : "";
    return { message: (error instanceof Error ? error.message : String(error)) + cause };
  }
  const retryAfter = Number(thrown.headers?.["retry-after"]);
  return {
    code: thrown.code,
    message: statusMessage(thrown.body) ?? `HTTP status ${thrown.code}`,
    ...(retryAfter > 0 && { retryAfter }),
  };
}

/**
 * Whether asking again can't help: the API understood and refused. A missing or conflicting object is for the
 * action to judge, and 401 is a token about to be renewed.
 */
export function isRefusal({ code }: ClusterError): boolean {
  return code === 400 || code === 403 || code === 405 || code === 413 || code === 415 || code === 422;
}

function statusMessage(body: unknown): string | undefined {
  const status: unknown = typeof body === "string" ? parseJson(body) : body;
  const message = (status as { message?: unknown } | undefined)?.message;
  if (typeof message === "string" && message !== "") return message;
  return typeof body === "string" && body !== "" ? body : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
