import { ALERT_KEY_EXTENSION, RESPONSE_SOURCE, RESPONSE_TYPE } from "../../responder/events.ts";
import type { Chain } from "../chain.ts";
import { eventOf, readPayload, type SidekickPayload } from "../falcosidekick.ts";
import { AlertsError, type Forgery, type Step } from "./recorded.ts";
import type { Recorder } from "./recorder.ts";

/** What an attacker who reaches the Broker's ingress adds to an alert of their own. */
const ADDED: Readonly<Record<Forgery, Readonly<Record<string, string>>>> = {
  "without a key": {},
  "with a wrong key": { [ALERT_KEY_EXTENSION]: "a-guess-at-what-the-key-might-be-0123456789" },
  "as a response": { type: RESPONSE_TYPE, source: RESPONSE_SOURCE },
};

/** Posts a step's alert straight to the Broker, past falcosidekick, and waits until it and what follows has gone round. */
export async function forge(
  { alert, forgery }: Step & { forgery: Forgery },
  { brokerUrl, falcosidekick }: Chain,
  recorder: Recorder,
): Promise<SidekickPayload> {
  const payload = readPayload(alert);
  if (typeof payload === "string") throw new AlertsError(`the forged alert is none: ${payload}`);
  const start = performance.now();
  const { headers, data } = eventOf(payload, ADDED[forgery]);
  const { status } = await fetch(brokerUrl, {
    method: "POST",
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    body: new Uint8Array(data),
  });
  // it is told of as what falcosidekick sends
  recorder.falcosidekick.push({ kind: "sent", payload, status, duration: performance.now() - start });
  await falcosidekick.idle();
  return payload;
}
