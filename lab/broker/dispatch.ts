import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { deliver, isSuccess } from "./delivery.ts";
import type { Answer, Attempt, Sender } from "./delivery.ts";
import { isCloudEvent, readEvent, withAttributes, writeHeaders } from "./event.ts";
import type { BrokerEvent } from "./event.ts";
import { withLifetimeOf, withoutLifetime } from "./lifetime.ts";
import type { BrokerNote, Leg } from "./notes.ts";
import type { Subscription } from "./subscription.ts";

/** What it takes to deliver events. */
export interface Dispatcher {
  /** The ingress, where replies go. */
  url: string;
  sender: Sender;
  onNote: (note: BrokerNote) => void;
}

const ERROR_DATA_LIMIT = 1024;

/**
 * Delivers an event to one Trigger's subscriber, and the reply back to the Broker.
 *
 * @param passed headers that travel along
 * @returns whether the event is with the subscriber, unwanted, or in the dead letter sink
 */
export async function dispatch(
  dispatcher: Dispatcher,
  subscription: Subscription,
  accepted: BrokerEvent,
  passed: OutgoingHttpHeaders,
): Promise<boolean> {
  const { name: trigger, namespace, subscriber, policy } = subscription;
  const { sender, onNote } = dispatcher;
  const event = withoutLifetime(accepted);
  if (!subscription.wants(event)) {
    onNote({ kind: "filtered", trigger, event });
    return true;
  }
  const headers = { ...passed, Prefer: "reply", "Kn-Namespace": namespace };
  const answer = await deliver(
    { url: subscriber, headers: { ...headers, ...writeHeaders(event) }, body: event.data },
    policy,
    sender,
    judgeReply,
    attempts(dispatcher, trigger, event, "subscriber", subscriber),
  );
  if (!isSuccess(answer.status)) return deadLetter(dispatcher, subscription, accepted, answer, subscriber, headers);

  const reply = isCloudEvent(answer.headers) ? readEvent(answer.headers, answer.body) : undefined;
  onNote({ kind: "delivered", trigger, event, status: answer.status ?? 0, reply });
  if (!reply) return true;
  const target = `${dispatcher.url}${subscription.broker}`;
  const back = withLifetimeOf(accepted, reply);
  const taken = await deliver(
    {
      url: target,
      headers: { ...passThrough(answer.headers), "Kn-Namespace": namespace, ...writeHeaders(back) },
      body: back.data,
    },
    policy,
    sender,
    (same) => same,
    attempts(dispatcher, trigger, event, "reply", target),
  );
  return isSuccess(taken.status) || deadLetter(dispatcher, subscription, accepted, taken, target, headers);
}

/** @see https://knative.dev/docs/eventing/event-delivery/#dead-letter-sink-cloudevents-attributes */
async function deadLetter(
  dispatcher: Dispatcher,
  { name: trigger, policy, deadLetterSink }: Subscription,
  event: BrokerEvent,
  failure: Answer,
  destination: string,
  headers: OutgoingHttpHeaders,
): Promise<boolean> {
  const { sender, onNote } = dispatcher;
  const { status, error } = failure;
  if (deadLetterSink === undefined) {
    onNote({ kind: "lost", trigger, event, status, reason: error ?? "no dead letter sink" });
    return false;
  }
  const body = error === undefined ? failure.body : Buffer.from(`dispatch error: ${error}`);
  const dead = withAttributes(event, {
    knativeerrordest: destination,
    knativeerrorcode: String(status ?? 500),
    knativeerrordata: body.toString("base64").slice(0, ERROR_DATA_LIMIT),
  });
  const answer = await deliver(
    { url: deadLetterSink, headers: { ...headers, ...writeHeaders(dead) }, body: dead.data },
    policy,
    sender,
    judgeReply,
    attempts(dispatcher, trigger, dead, "dead-letter", deadLetterSink),
  );
  if (isSuccess(answer.status)) onNote({ kind: "dead-lettered", trigger, event: dead, status });
  else {
    const why = answer.error === undefined ? "" : `: ${answer.error}`;
    const reason = `the dead letter sink didn't take it${why}`;
    onNote({ kind: "lost", trigger, event: dead, status: answer.status, reason });
  }
  return isSuccess(answer.status);
}

function attempts({ onNote }: Dispatcher, trigger: string, event: BrokerEvent, leg: Leg, url: string) {
  return (attempt: Attempt): void => {
    onNote({ kind: "attempt", trigger, event, leg, url, ...attempt });
  };
}

/** A reply that is neither empty nor a CloudEvent makes Knative's filter answer 502, which is retried. */
function judgeReply(answer: Answer): Answer {
  if (!isSuccess(answer.status)) return answer;
  const invalid = { status: 502, headers: {}, body: Buffer.alloc(0) };
  if (!isCloudEvent(answer.headers)) return answer.body.length === 0 ? answer : invalid;
  try {
    readEvent(answer.headers, answer.body);
    return answer;
  } catch {
    return invalid;
  }
}

/** The headers that travel along with an event. @see https://github.com/knative/eventing/blob/main/pkg/utils/headers.go */
export function passThrough(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => name === "x-request-id" || name === "retry-after" || name.startsWith("knative-"),
    ),
  );
}
