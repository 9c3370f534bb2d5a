import {
  ALERT_SOURCES,
  ALERT_TYPE,
  RESPONSE_EVENT_SOURCE,
  RESPONSE_SOURCE,
  RESPONSE_TYPE,
} from "../../responder/events.ts";
import type { Rule } from "../../responder/rules/rule.ts";
import type { TriggerFilter } from "../knative/custom-resources.ts";

/**
 * Lets through every alert that one of the rules can match, and as few others as attributes can tell. The
 * rules themselves decide, by the payload; this only spares the responder from waking up for the rest.
 */
export function alertFilters(rules: readonly Rule[]): TriggerFilter[] {
  return [
    { exact: { type: ALERT_TYPE } },
    { any: ALERT_SOURCES.map((source) => ({ exact: { source } })) },
    // What falcosidekick makes of a response comes back as an alert. One without the attribute passes.
    { not: { exact: { eventsource: RESPONSE_EVENT_SOURCE } } },
    ...ruleFilter(rules),
  ];
}

/** Lets through the responder's replies. */
export function responseFilters(): TriggerFilter[] {
  return [{ exact: { type: RESPONSE_TYPE, source: RESPONSE_SOURCE } }];
}

function ruleFilter(rules: readonly Rule[]): TriggerFilter[] {
  if (rules.some(({ match }) => match.rules.length === 0)) return [];
  const filters = new Map<string, TriggerFilter>();
  for (const name of rules.flatMap(({ match }) => match.rules)) {
    const filter = nameFilter(name);
    if (!filter) return [];
    filters.set(JSON.stringify(filter), filter);
  }
  const [first, ...others] = filters.values();
  if (!first) return [];
  return others.length === 0 ? [first] : [{ any: [first, ...others] }];
}

/**
 * Passes for the attribute `rule` of an alert of that name, however its sender wrote it; undefined where
 * nothing less than everything does. An attribute travels as an HTTP header, which loses spaces at its ends,
 * and in which other than plain characters are percent-encoded by some senders and sent raw by others.
 * @see https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values
 */
function nameFilter(name: string): TriggerFilter | undefined {
  const header = name.trim();
  const [plain = ""] = /^[ !#$&-~]*/.exec(header) ?? [];
  if (plain === header) return header === "" ? undefined : { exact: { rule: header } };
  return plain === "" ? undefined : { prefix: { rule: plain } };
}
