import { withAttributes } from "./event.ts";
import type { BrokerEvent } from "./event.ts";

/** The attribute in which an event carries how often it may still be answered with an event. */
export const TTL_ATTRIBUTE = "knativebrokerttl";
/** How often that is at first. */
const TTL = 255;

/** How often an event that comes in may still be answered; 0: it is to be dropped. */
export function remaining({ attributes }: BrokerEvent): number {
  const text = attributes[TTL_ATTRIBUTE];
  return text !== undefined && /^-?\d+$/.test(text) ? Math.max(Number(text) - 1, 0) : TTL;
}

/** The event as a subscriber gets it: how long it lives is the broker's own business. */
export function withoutLifetime(event: BrokerEvent): BrokerEvent {
  return withAttributes(event, { [TTL_ATTRIBUTE]: undefined });
}

/** An answer lives on for as long as the event it answers. */
export function withLifetimeOf({ attributes }: BrokerEvent, reply: BrokerEvent): BrokerEvent {
  return withAttributes(reply, { [TTL_ATTRIBUTE]: attributes[TTL_ATTRIBUTE] });
}
