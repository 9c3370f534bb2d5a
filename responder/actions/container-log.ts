import { clusterError, type Cluster } from "../cluster.ts";

export interface LogRequest {
  namespace: string;
  pod: string;
  container: string;
  /** How many lines from its end. */
  tailLines: number;
  /** The most that is read, in bytes. */
  limit: number;
  /** Of the container before it restarted. */
  previous?: boolean;
}

/** The end of a container's log; `reason` where the API has none, as of a container that was never started. */
export async function containerLog(cluster: Cluster, { namespace, pod, container, tailLines, limit, previous = false }: LogRequest): Promise<{ text: string } | { reason: string }> {
  try {
    return { text: await cluster.core.readNamespacedPodLog({ namespace, name: pod, container, tailLines, limitBytes: limit, ...(previous && { previous }) }) };
  } catch (thrown) {
    const { code, message } = clusterError(thrown);
    if (code === 400) return { reason: message };
    throw thrown;
  }
}
