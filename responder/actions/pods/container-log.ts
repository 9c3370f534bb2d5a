import { clusterError } from "../../kubernetes/errors.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";

export interface LogRequest {
  namespace: string;
  pod: string;
  container: string;
  /** How many lines from its end. */
  tailLines: number;
  /** How much of the end is kept, in bytes. */
  limit: number;
  /** Of the container before it restarted. */
  previous?: boolean;
}

/** The most that is read, in bytes: where the lines are longer, the API leaves out the last of them. */
const READ_LIMIT = 8 * 1024 * 1024;

/** The end of a container's log; `reason` where the API has none, as of a container that was never started. */
export async function containerLog(
  cluster: Cluster,
  { namespace, pod, container, tailLines, limit, previous = false }: LogRequest,
): Promise<{ text: string; truncated: boolean } | { reason: string }> {
  try {
    const text = await cluster.core.readNamespacedPodLog({
      namespace,
      name: pod,
      container,
      tailLines,
      limitBytes: READ_LIMIT,
      ...(previous && { previous }),
    });
    const bytes = Buffer.from(text);
    return bytes.length <= limit
      ? { text, truncated: false }
      : { text: bytes.subarray(-limit).toString("utf8"), truncated: true };
  } catch (thrown) {
    const { code, message } = clusterError(thrown);
    if (code === 400) return { reason: message };
    throw thrown;
  }
}
