import { randomUUID } from "node:crypto";
import type { FalcoPayload } from "../alerts/falcosidekick.ts";
import { RESPONSE_EVENT_SOURCE } from "../events.ts";
import { LIMITS } from "../limits.ts";
import { log } from "../telemetry/log.ts";
import * as metrics from "../telemetry/metrics.ts";
import { plain } from "../text.ts";
import { Collapsed, type Later } from "./collapsed.ts";

/** What is wrong with an alert's key. */
export type Reason = "missing" | "wrong" | "several";

/** Where a refused alert came from, as far as it says so itself: none of it can be relied on but `from`. */
export interface Origin {
  reason: Reason;
  /** Address of who connected, or of whom a proxy says it did it for. */
  from?: string | undefined;
  /** Of the Broker that delivered it. */
  namespace?: string | undefined;
  /** The event's own attributes. */
  source?: string | undefined;
  id?: string | undefined;
  rule?: string | undefined;
}

/** Takes what people are to see. */
export type Tell = (id: string, payload: FalcoPayload) => Promise<void>;

/** Lines of the log within a minute. */
const LINES = 10;

const WHAT: Readonly<Record<Reason, string>> = {
  missing: "without a key",
  wrong: "with a wrong key",
  several: "with several keys",
};

/**
 * Keeps account of alerts that are refused for their key: counts all, logs some of a minute's, and tells people at most
 * once a minute.
 */
export class Refusals {
  readonly #collapsed: Collapsed<Origin>;

  /** @param tell undefined: nobody is told, beside the log */
  constructor(tell: Tell | undefined, inTime?: Later) {
    this.#collapsed = new Collapsed<Origin>((last, count) => {
      if (count > 1) log("warning", "refused", { count, ...bounded(last) });
      tell?.(`refused-${randomUUID()}`, refusedPayload(last, count)).catch((error: unknown) => {
        log("error", "refusals can't be told", { reason: error instanceof Error ? error.message : String(error) });
      });
    }, inTime);
  }

  /** @param count how many of the same origin there are */
  note(origin: Origin, count = 1): void {
    metrics.refused.inc({ reason: origin.reason }, count);
    if (this.#collapsed.note(origin, count) <= LINES) log("warning", "refused", { ...bounded(origin) });
  }
}

/** What people are told of alerts that were refused. */
function refusedPayload(last: Origin, count: number): FalcoPayload {
  const { reason, ...where } = bounded(last);
  const origin = Object.entries(where).filter(([, value]) => value !== undefined) as [string, string][];
  const from = where.from === undefined ? "" : `, by way of ${where.from}`;
  return {
    output: plain(
      `Refused ${count === 1 ? "an alert" : `${count} alerts within a minute, the last`} ${WHAT[reason]}${from}: nothing was ` +
        "done about it. Somebody may be forging alerts, or a falcosidekick doesn't send this responder's key.",
      LIMITS.said,
    ),
    priority: "Critical",
    rule: "Response: refused",
    time: new Date().toISOString(),
    output_fields: {
      "response.outcome": "refused",
      "refused.count": String(count),
      "refused.reason": reason,
      ...Object.fromEntries(origin.map(([name, value]) => [`refused.${name}`, value])),
    },
    source: RESPONSE_EVENT_SOURCE,
    tags: ["response", "refused"],
  };
}

function bounded({ reason, from, namespace, source, id, rule }: Origin): Origin {
  const [cutFrom, cutNamespace, cutSource, cutId, cutRule] = [from, namespace, source, id, rule].map((text) =>
    text === undefined ? undefined : plain(text, 160),
  );
  return { reason, from: cutFrom, namespace: cutNamespace, source: cutSource, id: cutId, rule: cutRule };
}
