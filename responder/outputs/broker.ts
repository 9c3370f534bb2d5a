import { setTimeout as sleep } from "node:timers/promises";
import { HTTP, type CloudEvent } from "cloudevents";

/** Takes a CloudEvent. @throws {SinkError} where it did not */
export type Sink = (event: CloudEvent<unknown>) => Promise<void>;

export class SinkError extends Error {
  override name = "SinkError";
}

/** Milliseconds that the Broker may take for one event. */
const TIMEOUT = 10_000;
const BACKOFF = [200, 800];

/**
 * Posts events to the Broker, in binary mode.
 * @param url its address in the cluster
 * @param backoff milliseconds to wait before each further attempt
 */
export function sink(url: string, backoff: readonly number[] = BACKOFF): Sink {
  return async (event) => {
    for (const wait of [...backoff, undefined]) {
      const reason = await post(url, event);
      if (reason === undefined) return;
      if (wait === undefined) throw new SinkError(`the Broker at ${url} did not take "${event.type}": ${reason}`);
      await sleep(wait);
    }
  };
}

/** Why it was not taken; undefined where it was. */
async function post(url: string, event: CloudEvent<unknown>): Promise<string | undefined> {
  const { headers, body } = HTTP.binary(event);
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: headers as Record<string, string>,
      body: body as string,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    await answer.arrayBuffer();
    return answer.ok ? undefined : `it answered ${answer.status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
}
