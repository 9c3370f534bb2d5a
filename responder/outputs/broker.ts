import { setTimeout as sleep } from "node:timers/promises";
import { HTTP, type CloudEvent } from "cloudevents";
import { post, shown, type PostFailure } from "../post.ts";

/** Takes an action's output as a CloudEvent. @throws {OutputError} where it did not */
export type OutputSink = (event: CloudEvent<unknown>) => Promise<void>;

/** An output did not get where it was to go. */
export class OutputError extends Error {
  override name = "OutputError";
  /** Whether sending it again can't help. */
  readonly final: boolean;
  constructor(message: string, final: boolean) {
    super(message);
    this.final = final;
  }
}

/** Milliseconds that the Broker may take for one event. */
const TIMEOUT = 10_000;
const BACKOFF = [200, 800];

/**
 * Posts events to the Broker, in binary mode.
 * @param url its address in the cluster
 * @param backoff milliseconds to wait before each further attempt
 */
export function brokerSink(url: string, backoff: readonly number[] = BACKOFF): OutputSink {
  return async (event) => {
    const { headers, body } = HTTP.binary(event);
    for (const wait of [...backoff, undefined]) {
      const failure = await post(url, headers as Record<string, string>, body as string, TIMEOUT);
      if (failure === undefined) return;
      const final = isFinal(failure);
      if (wait === undefined || final) {
        throw new OutputError(`the Broker at ${shown(url)} did not take "${event.type}": ${failure.reason}`, final);
      }
      await sleep(wait);
    }
  };
}

/** The Broker understood and refuses: the event is too large for it, for instance; or what is there leads elsewhere. */
function isFinal({ status = 0 }: PostFailure): boolean {
  return status >= 300 && status < 500 && status !== 408 && status !== 425 && status !== 429;
}
