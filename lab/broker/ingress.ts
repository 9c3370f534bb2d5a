import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { reasonOf } from "../reason.ts";
import { readEvent, withAttributes } from "./event.ts";
import type { BrokerEvent } from "./event.ts";
import { remaining, TTL_ATTRIBUTE } from "./lifetime.ts";

/** An event that a Broker takes, or the answer to what none takes. */
export type Ingested = { broker: string; event: BrokerEvent } | { status: number; reason?: string };

/**
 * Takes in what is posted to a Broker, as Knative's ingress does.
 *
 * @param brokers the paths of the Brokers there are
 */
export async function ingest(request: IncomingMessage, brokers: readonly string[]): Promise<Ingested> {
  const { method, url: path = "/" } = request;
  if (method === "OPTIONS") return { status: 200 };
  if (method !== "POST") return { status: 405, reason: `${method ?? ""} is not allowed; POST is` };
  const broker = path.replace(/\/$/, "");
  if (!brokers.includes(broker))
    return { status: 404, reason: `there is no broker at ${path}; there is ${brokers.join(", ")}` };
  let event: BrokerEvent;
  try {
    event = readEvent(request.headers, await buffer(request));
  } catch (error) {
    return { status: 400, reason: reasonOf(error) };
  }
  const ttl = remaining(event);
  if (ttl <= 0) {
    const id = event.attributes["id"] ?? "";
    return { status: 400, reason: `the event ${id} has been answered too often (${TTL_ATTRIBUTE})` };
  }
  const arrival = { knativearrivaltime: new Date().toISOString(), [TTL_ATTRIBUTE]: String(ttl) };
  return { broker, event: withAttributes(event, arrival) };
}
