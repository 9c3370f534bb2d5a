import { createHash } from "node:crypto";
import type { FalcoPayload } from "../alerts/falcosidekick.ts";
import { RESPONSE_EVENT_SOURCE } from "../events.ts";
import { Gate } from "../gate.ts";
import { LIMITS } from "../limits.ts";
import type { Answer } from "./answer.ts";
import { DeliveryError } from "./cloud-event.ts";
import { replyTo, tryAgain, type Delivered, type KeyedAlert, type Reply } from "./reply.ts";

/**
 * Answers the events of a batch, a few at a time. Each is tried before any speaks for the whole: one that is to come
 * again brings the batch again, whose others are remembered; one that is no alert is told of among the replies, and
 * touches no other.
 * @throws {DeliveryError} where there is no alert among them
 */
export async function answerBatch(
  delivered: readonly Delivered[],
  answer: (one: KeyedAlert) => Promise<Reply>,
): Promise<Answer> {
  const broken = delivered.filter((one) => one instanceof DeliveryError);
  if (broken[0] && broken.length === delivered.length) throw broken[0];
  const gate = new Gate(LIMITS.batchAtOnce);
  const alerts = delivered.flatMap((one) => (one instanceof DeliveryError ? [] : [one]));
  const results = await Promise.allSettled(alerts.map((one) => gate.run(() => answer(one))));
  for (const result of results) if (result.status === "rejected") return tryAgain(result.reason);
  const replies = results.flatMap((result) => (result.status === "fulfilled" && result.value ? [result.value] : []));
  const told = [...replies, ...broken.map(refused)];
  if (told.length === 0) return { status: 204 };
  return {
    status: 200,
    headers: { "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify(told),
  };
}

/** A part of a batch can't go to the dead letter sink: so it is told of here. */
function refused({ message }: DeliveryError, index: number) {
  const time = new Date().toISOString();
  const payload: FalcoPayload = {
    output: `An event of a batch was no alert, and nothing will be done about it: ${message}`,
    priority: "Error",
    rule: "Response: not an alert",
    time,
    output_fields: { "response.outcome": "refused" },
    source: RESPONSE_EVENT_SOURCE,
    tags: ["response", "refused"],
  };
  return replyTo(createHash("sha256").update(`${time} ${index} ${message}`).digest("hex"), "refused", payload);
}
