import type { FalcoPayload } from "../alerts/falcosidekick.ts";
import { parseAlert } from "../alerts/alert.ts";
import { RESPONSE_EVENT_SOURCE, RESPONSE_TYPE } from "../events.ts";
import { parsed } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { post, shown } from "../post.ts";
import { log } from "../telemetry/log.ts";
import { plain } from "../text.ts";
import { problem, type Deliver } from "./answer.ts";
import { DeliveryError } from "./cloud-event.ts";

/** What every response is called by: none is to pass for an alert of Falco's. */
const NAME = "Response: ";

/** Milliseconds that falcosidekick may take to answer. */
const TIMEOUT = 10_000;

/**
 * Passes responses on to falcosidekick. That signs whatever is posted to it, with the key, and the Broker takes anything
 * for a response that says it is one: so what goes on is written anew here, with the source that no rule answers,
 * whatever it said it was.
 * @param falcosidekick URL that takes alerts
 * @param others for all that isn't a response on its way
 */
export function responseRelay(falcosidekick: string, others: Deliver): Deliver {
  return async (headers, body, from) => {
    const { "ce-type": type, "ce-knativeerrorcode": code } = headers;
    if (type !== RESPONSE_TYPE || code !== undefined) return await others(headers, body, from);
    const payload = relayedPayload(body.toString("utf8"));
    const failure = await post(falcosidekick, { "content-type": "application/json" }, JSON.stringify(payload), TIMEOUT);
    if (failure === undefined) return { status: 204 };
    const url = shown(falcosidekick);
    log("warning", "falcosidekick did not take it", { url, reason: failure.reason });
    return problem(503, `falcosidekick at ${url} did not take it: ${failure.reason}`);
  };
}

/**
 * A response with what it may have, and nothing else: a name in other letter case would be taken for the same field.
 * @see https://pkg.go.dev/encoding/json#Unmarshal
 * @throws {DeliveryError} (400) for what is no response
 */
export function relayedPayload(body: string): FalcoPayload {
  try {
    const { rule, priority, output, time, tags, hostname, fields } = parseAlert(parsed(body));
    return {
      output: plain(output, LIMITS.said),
      priority,
      rule: rule.startsWith(NAME) ? plain(rule) : plain(`${NAME}${rule}`),
      time: time ?? new Date().toISOString(),
      output_fields: Object.fromEntries(fields),
      source: RESPONSE_EVENT_SOURCE,
      tags: [...tags],
      ...(hostname !== undefined && { hostname }),
    };
  } catch (error) {
    throw new DeliveryError(400, `not a response: ${error instanceof Error ? error.message : String(error)}`);
  }
}
