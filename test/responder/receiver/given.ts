import type { Engine } from "../../../responder/engine/engine.ts";
import { alertReceiver } from "../../../responder/receiver/alerts.ts";
import { ALERT_HEADERS, engine, type cluster } from "../fixtures.ts";

/** Delivers payloads to a responder on such a cluster. */
export function start(on: ReturnType<typeof cluster>, more: Partial<Engine> = {}) {
  const deliver = alertReceiver(engine(on, { protectedNamespaces: new Set(), ...more }));
  return (payload: unknown, headers: Record<string, string> = {}) =>
    deliver({ ...ALERT_HEADERS, ...headers }, Buffer.from(JSON.stringify(payload)));
}

export function deletes(on: ReturnType<typeof cluster>): number {
  return on.calls.filter(({ verb }) => verb === "delete").length;
}
