import type { Alert } from "../alerts/alert.ts";
import { RESPONSE_EVENT_SOURCE } from "../events.ts";
import { mismatch } from "./match.ts";
import type { Rule } from "./rule.ts";

/** What a response set off would be answered without end. */
export function isAnswerable({ source }: Alert): boolean {
  return source !== RESPONSE_EVENT_SOURCE;
}

/** The rules that answer an alert, in order, up to the first that lets none follow it. */
export function rulesFor(alert: Alert, rules: readonly Rule[]): Rule[] {
  if (!isAnswerable(alert)) return [];
  const matching = rules.filter(({ match }) => mismatch(match, alert) === undefined);
  const last = matching.findIndex((rule) => !rule.continue);
  return last < 0 ? matching : matching.slice(0, last + 1);
}
