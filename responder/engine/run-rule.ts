import type { Subject } from "../actions/actionner.ts";
import type { Outcome, Result, Step } from "../actions/outcome.ts";
import { podOf, type Alert } from "../alerts/alert.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { clusterError, isRefusal, type ClusterError } from "../kubernetes/errors.ts";
import { SinkError, type Sink } from "../outputs/broker.ts";
import { outputEvent } from "../outputs/output-event.ts";
import { isClaimed, type Manners } from "../rules/deduplication.ts";
import type { Rule, RuleAction } from "../rules/rule.ts";
import { claim } from "./claim.ts";
import { tell, type Chapter } from "./kubernetes-event.ts";

/** What the responder decides and acts with. */
export interface Engine extends Manners {
  rules: readonly Rule[];
  /** Namespaces whose pods no rule touches. */
  protectedNamespaces: ReadonlySet<string>;
  cluster: Cluster;
  /** Takes the actions' outputs, whole; undefined: nobody does. */
  sink?: Sink | undefined;
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

/** What changed something, or was meant to. */
const ACTED: readonly Outcome[] = ["terminated", "done", "failed"];

/** Runs a rule's actions, in order, as far as each lets the next. */
export async function carryOut(
  rule: Rule,
  alert: Alert,
  key: string,
  engine: Engine,
  apiErrors: ClusterError[],
): Promise<{ steps: Step[]; told: Promise<void> }> {
  const [first] = rule.actions;
  const subject = first?.actionner.subjectOf(alert);
  const chapter: Chapter | undefined =
    subject && !isProtected(subject, engine) ? { rule: rule.name, alert: alert.rule, key, subject } : undefined;
  let claimed: string | undefined;
  if (first && chapter && isClaimed(rule, engine)) {
    claimed = await claim(engine.cluster, chapter, engine.deduplicationSeconds);
    if (claimed === undefined) {
      const message = `${chapter.subject.described} was left to another alert, less than ${engine.deduplicationSeconds} s ago`;
      const step: Step = {
        rule: rule.name,
        action: first.name,
        actionner: first.actionner.name,
        outcome: "deduplicated",
        message,
      };
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
  const told =
    chapter && (claimed !== undefined || (engine.events && acted))
      ? tell(engine.cluster, chapter, steps, claimed)
      : Promise.resolve();
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

async function contextOf(
  { contexts }: RuleAction,
  alert: Alert,
  cluster: Cluster,
): Promise<ReadonlyMap<string, string>> {
  const pod = podOf(alert);
  if (!pod) return new Map();
  const read = await Promise.all(contexts.map((context) => context.read(cluster, pod)));
  return new Map(read.flatMap((values) => [...values]));
}

/** An output is on its way before the next action may destroy what it tells of. */
async function handOn(
  step: Step,
  { output: target }: RuleAction,
  alert: Alert,
  key: string,
  { sink }: Engine,
  apiErrors: readonly ClusterError[],
): Promise<void> {
  const event = outputEvent(alert, key, step, target);
  if (!event || !sink) return;
  try {
    await sink(event);
  } catch (error) {
    throw error instanceof SinkError ? new NotNow(error.message, apiErrors) : error;
  }
}
