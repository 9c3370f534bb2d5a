import { CloudEvent, HTTP } from "cloudevents";
import type { Alert } from "../alerts/alert.ts";
import type { FalcoPayload } from "../alerts/falcosidekick.ts";
import { RetryLater } from "../engine/engine.ts";
import { RESPONSE_EVENT_SOURCE, RESPONSE_SOURCE, RESPONSE_TYPE } from "../events.ts";
import { problem, type Answer } from "./answer.ts";
import type { DeliveryError } from "./cloud-event.ts";

/** An alert as it was delivered, or why it is none: a batch may hold both. */
export type Delivered = KeyedAlert | DeliveryError;

export interface KeyedAlert {
  alert: Alert;
  /** What tells it from others; the same whenever it is delivered again. */
  key: string;
}

/** What is answered for one alert: undefined for one that no rule answers. */
export type Reply = CloudEvent<FalcoPayload> | undefined;

/** The same alert always gets a reply of the same id, so that who sees both knows them for one. */
export function replyTo(key: string, outcome: string, data: FalcoPayload): CloudEvent<FalcoPayload> {
  return new CloudEvent({
    id: `response-${key}`,
    type: RESPONSE_TYPE,
    source: RESPONSE_SOURCE,
    time: data.time,
    datacontenttype: "application/json",
    // these only: a header can't carry what an alert may hold outside ASCII
    priority: data.priority,
    eventsource: RESPONSE_EVENT_SOURCE,
    outcome,
    data,
  });
}

export function replied(reply: Reply): Answer {
  if (!reply) return { status: 204 };
  const { headers, body } = HTTP.binary(reply);
  return { status: 200, headers: headers as Record<string, string>, body: body as string };
}

/** @throws what isn't to be tried again */
export function tryAgain(error: unknown): Answer {
  if (!(error instanceof RetryLater)) throw error;
  const { retryAfter } = error.apiErrors.at(-1) ?? {};
  return problem(503, error.message, retryAfter === undefined ? {} : { "retry-after": String(retryAfter) });
}
