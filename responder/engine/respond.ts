import type { Outcome, Step } from "../actions/outcome.ts";
import type { Alert } from "../alerts/alert.ts";
import type { FalcoPayload } from "../alerts/falcosidekick.ts";
import type { Named } from "../alerts/named.ts";
import type { ApiError } from "../kubernetes/errors.ts";
import { rulesFor } from "../rules/answering.ts";
import { RetryLater, type Engine } from "./engine.ts";
import { responsePayload } from "./response.ts";
import { runRule } from "./run-rule.ts";
import { withPod } from "./with-pod.ts";

/** What became of an alert that is settled: there is nothing to say of one that no rule answers. */
export type Verdict =
  | { outcome: "no-match" }
  | {
      outcome: Outcome;
      steps: readonly Step[];
      response: FalcoPayload;
      apiErrors: readonly ApiError[];
      /** What the alert is about, as it was found out. */
      named: Named;
    };

/**
 * Answers an alert: finds its rules, runs their actions in order, and says what came of it.
 * @param key what tells the alert from others; the same whenever it is delivered again
 * @throws {RetryLater} where something can't be done now: nothing is settled
 */
export async function respond(given: Alert, key: string, engine: Engine): Promise<Verdict> {
  const apiErrors: ApiError[] = [];
  const alert = await withPod(given, engine, apiErrors);
  const rules = rulesFor(alert, engine.rules);
  if (rules.length === 0) return { outcome: "no-match" };
  const steps: Step[] = [];
  const putOff: RetryLater[] = [];
  for (const rule of rules) {
    try {
      steps.push(...(await runRule({ rule, alert, key, engine, apiErrors })));
    } catch (error) {
      // the other rules don't wait for it: whoever can keep one from its end can't keep them from theirs
      if (!(error instanceof RetryLater)) throw error;
      putOff.push(error);
    }
  }
  if (putOff[0]) throw putOff[0];
  const outcome = TELLING.find((one) => steps.some((step) => step.outcome === one)) ?? "failed";
  return { outcome, steps, response: responsePayload(alert, steps, outcome), apiErrors, named: alert.named };
}

/** Of several outcomes, the first in this order stands for all. */
const TELLING: readonly Outcome[] = [
  "failed",
  "held",
  "terminated",
  "done",
  "replaced",
  "gone",
  "ignored",
  "deduplicated",
  "no-pod",
  "dry-run",
];
