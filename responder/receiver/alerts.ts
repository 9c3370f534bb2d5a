import { createHash } from "node:crypto";
import { CloudEvent, HTTP } from "cloudevents";
import { AlertError, parseAlert, type Alert } from "../alerts/alert.ts";
import type { FalcoPayload } from "../alerts/falcosidekick.ts";
import { Once } from "../engine/once-per-alert.ts";
import { respond, type Verdict } from "../engine/respond.ts";
import { NotNow, type Engine } from "../engine/run-rule.ts";
import { ALERT_TYPE, RESPONSE_EVENT_SOURCE, RESPONSE_SOURCE, RESPONSE_TYPE } from "../events.ts";
import { problem, type Answer, type Deliver } from "./answer.ts";
import { DeliveryError, readDelivery } from "./cloud-event.ts";
import { record } from "./record.ts";

/**
 * Takes alerts as CloudEvents and answers each with what was done, in the terms of the Broker: 200 and a
 * reply, 204 where there is nothing to say, 503 for an alert that is to come again. One that is delivered twice
 * is acted on once.
 * @throws {DeliveryError} (400, 413, 415) for what no redelivery can mend
 */
export function responder(engine: Engine): Deliver {
  const once = new Once<Verdict>();

  async function answer(event: CloudEvent<unknown>): Promise<Reply | NotNow> {
    const started = performance.now();
    const alert = readAlert(event);
    const key = keyOf(alert.uuid ?? `${event.source} ${event.id}`);
    try {
      const { result, first } = await once.do(key, () => respond(alert, key, engine));
      const seconds = secondsSince(started);
      const told = "told" in result ? result.told : Promise.resolve();
      void told.then(() => {
        record(alert, result, seconds, first);
      });
      return result.outcome === "no-match" ? undefined : replyTo(key, result.outcome, result.response);
    } catch (error) {
      if (!(error instanceof NotNow)) throw error;
      record(
        alert,
        { outcome: "retry", apiErrors: error.apiErrors, message: error.message },
        secondsSince(started),
        true,
      );
      return error;
    }
  }

  return async (headers, body) => {
    const events = readDelivery(headers, body);
    const [only] = events;
    if (events.length === 1 && only) return single(await answer(only));
    // each of a batch is tried before any speaks for the whole
    return batch(await Promise.allSettled(events.map(answer)));
  };
}

/** undefined for an alert that no rule answers. */
type Reply = CloudEvent<FalcoPayload> | undefined;

function readAlert(event: CloudEvent<unknown>): Alert {
  if (event.type !== ALERT_TYPE) {
    throw new DeliveryError(400, `CloudEvents of type "${event.type}" are not answered; it takes "${ALERT_TYPE}"`);
  }
  try {
    return parseAlert(event.data);
  } catch (error) {
    throw error instanceof AlertError ? new DeliveryError(400, `not an alert: ${error.message}`) : error;
  }
}

/** What tells one alert from another, as it can stand in the id of an event, which travels in a header. */
function keyOf(text: string): string {
  return /^[!-~ ]{1,256}$/.test(text) ? text : createHash("sha256").update(text).digest("hex");
}

/** The same alert always gets a reply of the same id, so that who sees both knows them for one. */
function replyTo(key: string, outcome: string, data: FalcoPayload): CloudEvent<FalcoPayload> {
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

function single(answer: Reply | NotNow): Answer {
  if (answer instanceof NotNow) return tryAgain(answer);
  if (!answer) return { status: 204 };
  const { headers, body } = HTTP.binary(answer);
  return { status: 200, headers: headers as Record<string, string>, body: body as string };
}

function batch(results: readonly PromiseSettledResult<Reply | NotNow>[]): Answer {
  for (const result of results) if (result.status === "rejected") throw result.reason;
  const answers = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const notNow = answers.find((answer) => answer instanceof NotNow);
  if (notNow) return tryAgain(notNow);
  const replies = answers.filter((answer) => answer instanceof CloudEvent);
  if (replies.length === 0) return { status: 204 };
  return {
    status: 200,
    headers: { "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify(replies),
  };
}

function tryAgain({ message, apiErrors }: NotNow): Answer {
  const { retryAfter } = apiErrors.at(-1) ?? {};
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  return problem(503, message, headers);
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
