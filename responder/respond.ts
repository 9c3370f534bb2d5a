import type { Outcome, Result } from "./actions/action.ts";
import type { Alert } from "./alert.ts";
import { clusterError, isRefusal, type Cluster, type ClusterError } from "./cluster.ts";
import { mismatch } from "./match.ts";
import { RESPONSE_EVENT_SOURCE, responsePayload, type FalcoPayload, type Step } from "./response.ts";
import type { Rule, RuleAction } from "./rules.ts";

/** What the responder decides and acts with. */
export interface Engine {
  rules: readonly Rule[];
  /** Namespaces whose pods no rule touches. */
  protectedNamespaces: ReadonlySet<string>;
  cluster: Cluster;
}

/** What became of an alert that is settled: there is nothing to say of one that no rule answers. */
export type Verdict =
  | { outcome: "no-match" }
  | { outcome: Outcome; steps: readonly Step[]; response: FalcoPayload; apiErrors: readonly ClusterError[] };

/** The rules that answer an alert, in order, up to the first that lets none follow it. */
export function rulesFor(alert: Alert, rules: readonly Rule[]): Rule[] {
  // what a response set off would be answered without end
  if (alert.source === RESPONSE_EVENT_SOURCE) return [];
  const matching = rules.filter(({ match }) => mismatch(match, alert) === undefined);
  const last = matching.findIndex((rule) => !rule.continue);
  return last < 0 ? matching : matching.slice(0, last + 1);
}

/**
 * Answers an alert: finds its rules, runs their actions in order, and says what came of it.
 * @throws {NotNow} where the cluster can't do it now: nothing is settled
 */
export async function respond(alert: Alert, engine: Engine): Promise<Verdict> {
  const rules = rulesFor(alert, engine.rules);
  if (rules.length === 0) return { outcome: "no-match" };
  const steps: Step[] = [];
  const apiErrors: ClusterError[] = [];
  for (const rule of rules) {
    for (const action of rule.actions) {
      const result = await perform(action, rule, alert, engine).catch((thrown: unknown): Result => {
        const error = clusterError(thrown);
        apiErrors.push(error);
        if (!isRefusal(error)) throw new NotNow(apiErrors);
        return { outcome: "failed", message: `${action.actionner.name} was refused by the API: ${error.message}` };
      });
      steps.push({ rule: rule.name, action: action.name, actionner: action.actionner.name, ...result });
      const stopped = result.outcome === "failed" && !action.ignoreErrors;
      if (stopped || !action.continue) break;
    }
  }
  const outcome = TELLING.find((one) => steps.some((step) => step.outcome === one)) ?? "failed";
  return { outcome, steps, response: responsePayload(alert, steps, outcome), apiErrors };
}

/** The API can't answer, or not yet: the alert is to be delivered again. */
export class NotNow extends Error {
  override name = "NotNow";
  readonly apiErrors: readonly ClusterError[];
  constructor(apiErrors: readonly ClusterError[]) {
    super(apiErrors.at(-1)?.message);
    this.apiErrors = apiErrors;
  }
}

/** Of several outcomes, the first in this order stands for all. */
const TELLING: readonly Outcome[] = ["failed", "terminated", "done", "replaced", "gone", "ignored", "no-pod", "dry-run"];

async function perform(action: RuleAction, rule: Rule, alert: Alert, engine: Engine): Promise<Result> {
  const { actionner, prepared } = action;
  const subject = actionner.subjectOf(alert);
  if (!subject) {
    const what = actionner.requiredFields.includes("k8s.pod.name") ? "pod" : actionner.requiredFields.join(", ");
    return { outcome: "no-pod", message: `the alert names no ${what}, nothing was done` };
  }
  const { described, namespace } = subject;
  if (namespace !== undefined && engine.protectedNamespaces.has(namespace)) {
    return { outcome: "ignored", message: `left ${described} alone: its namespace is protected` };
  }
  if (rule.dryRun) {
    return { outcome: "dry-run", message: `dry run: ${actionner.name} would have been run on ${described}` };
  }
  return await prepared.run({ alert, ...engine });
}
