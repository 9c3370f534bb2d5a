import { apiErrorOf } from "../../kubernetes/errors.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { PODS } from "../../kubernetes/resources.ts";
import { end, printed } from "../../text.ts";

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

/** The end of a container's log; `reason` where the API has none, as of a container that was never started. */
export async function containerLog(
  cluster: Cluster,
  { namespace, pod, container, tailLines, limit, previous }: LogRequest,
): Promise<{ text: string; truncated: boolean } | { reason: string }> {
  try {
    const query = { container, tailLines, ...(previous && { previous }) };
    const whole = await cluster.log({ resource: PODS, namespace, name: pod }, query);
    const text = end(whole, limit);
    return { text: printed(text), truncated: text.length < whole.length };
  } catch (thrown) {
    const error = apiErrorOf(thrown);
    if (error.failure === "status" && error.code === 400) return { reason: error.message };
    throw thrown;
  }
}
