import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { CloudEvent } from "cloudevents";
import { parseAlert, type Alert } from "../alerts/alert.ts";
import type { FalcoPayload } from "../alerts/falcosidekick.ts";
import { RetryLater, type Engine } from "../engine/engine.ts";
import { Once } from "../engine/once-per-alert.ts";
import { respond, type Verdict } from "../engine/respond.ts";
import { ALERT_TYPE } from "../events.ts";
import { LIMITS } from "../limits.ts";
import { plain } from "../text.ts";
import type { Deliver } from "./answer.ts";
import { answerBatch } from "./batch.ts";
import { DeliveryError, readDelivery } from "./cloud-event.ts";
import { record } from "./record.ts";
import { replied, replyTo, tryAgain, type Delivered, type KeyedAlert, type Reply } from "./reply.ts";

/**
 * Takes alerts as CloudEvents and answers each with what was done, in the terms of the Broker: 200 and a
 * reply, 204 where there is nothing to say, 503 for an alert that is to come again. One that is delivered twice
 * is acted on once.
 * @throws {DeliveryError} (400, 413, 415) for what no redelivery can mend
 */
export function alertReceiver(engine: Engine): Deliver {
  const once = new Once<Settled>((settled) => ("response" in settled ? JSON.stringify(settled.response).length : 64));

  async function answer({ alert, key }: KeyedAlert): Promise<Reply> {
    const started = performance.now();
    try {
      const { result, first } = await once.do(key, async () => {
        const verdict = await respond(alert, key, engine);
        record(alert, verdict, secondsSince(started));
        return settledOf(verdict);
      });
      if (!first) record(alert, { outcome: "duplicate" }, secondsSince(started));
      return "response" in result ? replyTo(key, result.outcome, result.response) : undefined;
    } catch (error) {
      if (error instanceof RetryLater) {
        const { message, apiErrors } = error;
        record(alert, { outcome: "retry", message, apiErrors }, secondsSince(started));
      }
      throw error;
    }
  }

  return async (headers, body) => {
    const { isBatch, delivered } = readAlerts(headers, body);
    if (isBatch) return await answerBatch(delivered, answer);
    const [only] = delivered;
    if (!only || only instanceof DeliveryError) throw only ?? new DeliveryError(400, "there is no event in it");
    return await answer(only).then(replied, tryAgain);
  };
}

/** What is remembered of a settled alert: not its outputs, which are half a megabyte each. */
type Settled = { outcome: "no-match" } | { outcome: string; response: FalcoPayload };

function settledOf(verdict: Verdict): Settled {
  return "response" in verdict ? { outcome: verdict.outcome, response: verdict.response } : verdict;
}

/** Read at once, and nothing kept of what they are read from, which takes far more memory than an alert. */
function readAlerts(headers: IncomingHttpHeaders, body: Buffer): { isBatch: boolean; delivered: Delivered[] } {
  const { isBatch, events } = readDelivery(headers, body);
  return { isBatch, delivered: events.map(readAlert) };
}

function readAlert(event: CloudEvent<unknown> | DeliveryError): Delivered {
  if (event instanceof DeliveryError) return event;
  if (event.type !== ALERT_TYPE) {
    return new DeliveryError(
      400,
      `CloudEvents of type "${plain(event.type, 80)}" are not answered; it takes "${ALERT_TYPE}"`,
    );
  }
  try {
    const alert = parseAlert(event.data);
    return { alert, key: keyOf(event, alert) };
  } catch (error) {
    // whatever it is that can't be read, it is this event's alone; nested too deep to be written down, for instance
    return new DeliveryError(400, `not an alert: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * What tells one alert from another, as it can stand in the id of an event, which travels in a header: its uuid, and
 * what it says, as two alerts that share a uuid are two all the same.
 */
function keyOf({ source, id, data }: CloudEvent<unknown>, { uuid }: Alert): string {
  const given = uuid ?? `${source} ${id}`;
  const hash = createHash("sha256")
    .update(JSON.stringify([given, data]))
    .digest("hex");
  return /^[\w.:-]+$/.test(given) && given.length <= LIMITS.key ? `${given}-${hash.slice(0, 16)}` : hash;
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
