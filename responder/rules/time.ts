import type { RuleAction } from "./rule.ts";

/**
 * Why a rule's actions may take longer than the service has for an alert; undefined where they don't. They run one
 * after the other, up to the first that none follows, and what they ask of the API takes its time besides.
 * @param limit seconds; undefined: not known here
 */
export function objectionToTime(actions: readonly RuleAction[], limit: number | undefined): string | undefined {
  const last = actions.findIndex((action) => !action.continue);
  const run = last < 0 ? actions : actions.slice(0, last + 1);
  const lasting = run.flatMap(({ name, prepared: { seconds = 0 } }) => (seconds > 0 ? [{ name, seconds }] : []));
  const sum = lasting.reduce((total, { seconds }) => total + seconds, 0);
  if (limit === undefined || lasting.length === 0 || sum < limit) return undefined;
  const each = lasting.map(({ name, seconds }) => `"${name}" ${seconds} s`).join(", ");
  return (
    `may take ${sum} s (${each}), and the service gives an alert up after ${limit} s; ` +
    "let them take less, or set responderTimeoutSeconds higher"
  );
}
