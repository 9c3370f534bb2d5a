import type { Outcome, Result, Subject } from "./actions/action.ts";
import { podOf, type Alert } from "./alert.ts";
import { clusterError, isRefusal, type Cluster, type ClusterError } from "./cluster.ts";
import { mismatch } from "./match.ts";
import { outputEvent } from "./output.ts";
import { isClaimed, type Manners } from "./permissions.ts";
import { RESPONSE_EVENT_SOURCE, responsePayload, type FalcoPayload, type Step } from "./response.ts";
import type { Rule, RuleAction } from "./rules.ts";
import { SinkError, type Sink } from "./sink.ts";
import { claim, tell, type Chapter } from "./story.ts";

/** What the responder decides and acts with. */
export interface Engine extends Manners {
  rules: readonly Rule[];
  /** Namespaces whose pods no rule touches. */
  protectedNamespaces: ReadonlySet<string>;
  cluster: Cluster;
  /** Takes the actions' outputs, whole; undefined: nobody does. */
  sink?: Sink | undefined;
}

/** What became of an alert that is settled: there is nothing to say of one that no rule answers. */
export type Verdict =
  | { outcome: "no-match" }
  | {
      outcome: Outcome;
      steps: readonly Step[];
      response: FalcoPayload;
      apiErrors: readonly ClusterError[];
      /** When the cluster's Events tell of it, which nobody need wait for. */
      told: Promise<unknown>;
    };

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
 * @param key what tells the alert from others; the same whenever it is delivered again
 * @throws {NotNow} where the cluster can't do it now: nothing is settled
 */
export async function respond(alert: Alert, key: string, engine: Engine): Promise<Verdict> {
  const rules = rulesFor(alert, engine.rules);
  if (rules.length === 0) return { outcome: "no-match" };
  const steps: Step[] = [];
  const apiErrors: ClusterError[] = [];
  const told: Promise<void>[] = [];
  for (const rule of rules) {
    const answer = await carryOut(rule, alert, key, engine, apiErrors);
    steps.push(...answer.steps);
    told.push(answer.told);
  }
  const outcome = TELLING.find((one) => steps.some((step) => step.outcome === one)) ?? "failed";
  return { outcome, steps, response: responsePayload(alert, steps, outcome), apiErrors, told: Promise.all(told) };
}

/** The cluster can't do it, or not yet: the alert is to be delivered again. */
export class NotNow extends Error {
  override name = "NotNow";
  readonly apiErrors: readonly ClusterError[];
  constructor(message: string, apiErrors: readonly ClusterError[]) {
    super(message);
    this.apiErrors = apiErrors;
  }
}

/** Of several outcomes, the first in this order stands for all. */
const TELLING: readonly Outcome[] = ["failed", "terminated", "done", "replaced", "gone", "ignored", "deduplicated", "no-pod", "dry-run"];
/** What changed something, or was meant to. */
const ACTED: readonly Outcome[] = ["terminated", "done", "failed"];

/** Runs a rule's actions, in order, as far as each lets the next. */
async function carryOut(rule: Rule, alert: Alert, key: string, engine: Engine, apiErrors: ClusterError[]): Promise<{ steps: Step[]; told: Promise<void> }> {
  const [first] = rule.actions;
  const subject = first?.actionner.subjectOf(alert);
  const chapter: Chapter | undefined = subject && !isProtected(subject, engine) ? { rule: rule.name, alert: alert.rule, key, subject } : undefined;
  let claimed: string | undefined;
  if (first && chapter && isClaimed(rule, engine)) {
    claimed = await claim(engine.cluster, chapter, engine.deduplicationSeconds);
    if (claimed === undefined) {
      const message = `${chapter.subject.described} was left to another alert, less than ${engine.deduplicationSeconds} s ago`;
      const step: Step = { rule: rule.name, action: first.name, actionner: first.actionner.name, outcome: "deduplicated", message };
      return { steps: [step], told: Promise.resolve() };
    }
  }
  const steps: Step[] = [];
  for (const action of rule.actions) {
    const result = await perform(action, rule, alert, engine).catch((thrown: unknown): Result => {
      const error = clusterError(thrown);
      apiErrors.push(error);
      if (!isRefusal(error)) throw new NotNow(`the Kubernetes API can't do it now: ${error.message}`, apiErrors);
      return { outcome: "failed", message: `${action.actionner.name} was refused by the API: ${error.message}` };
    });
    const step: Step = { rule: rule.name, action: action.name, actionner: action.actionner.name, ...result };
    await handOn(step, action, alert, key, engine, apiErrors);
    steps.push(step);
    const stopped = result.outcome === "failed" && !action.ignoreErrors;
    if (stopped || !action.continue) break;
  }
  const acted = steps.some(({ outcome }) => ACTED.includes(outcome));
  const told = chapter && (claimed !== undefined || (engine.events && acted)) ? tell(engine.cluster, chapter, steps, claimed) : Promise.resolve();
  return { steps, told };
}

async function perform(action: RuleAction, rule: Rule, alert: Alert, engine: Engine): Promise<Result> {
  const { actionner, prepared } = action;
  const subject = actionner.subjectOf(alert);
  if (!subject) {
    const what = actionner.requiredFields.includes("k8s.pod.name") ? "pod" : actionner.requiredFields.join(", ");
    return { outcome: "no-pod", message: `the alert names no ${what}, nothing was done` };
  }
  const { described } = subject;
  if (isProtected(subject, engine)) {
    return { outcome: "ignored", message: `left ${described} alone: its namespace is protected` };
  }
  if (rule.dryRun) {
    return { outcome: "dry-run", message: `dry run: ${actionner.name} would have been run on ${described}` };
  }
  return await prepared.run({ alert, ...engine, context: await contextOf(action, alert, engine.cluster) });
}

function isProtected({ namespace }: Subject, { protectedNamespaces }: Engine): boolean {
  return namespace !== undefined && protectedNamespaces.has(namespace);
}

async function contextOf({ contexts }: RuleAction, alert: Alert, cluster: Cluster): Promise<ReadonlyMap<string, string>> {
  const pod = podOf(alert);
  if (!pod) return new Map();
  const read = await Promise.all(contexts.map((context) => context.read(cluster, pod)));
  return new Map(read.flatMap((values) => [...values]));
}

/** An output is on its way before the next action may destroy what it tells of. */
async function handOn(step: Step, { output: target }: RuleAction, alert: Alert, key: string, { sink }: Engine, apiErrors: readonly ClusterError[]): Promise<void> {
  const event = outputEvent(alert, key, step, target);
  if (!event || !sink) return;
  try {
    await sink(event);
  } catch (error) {
    throw error instanceof SinkError ? new NotNow(error.message, apiErrors) : error;
  }
}
