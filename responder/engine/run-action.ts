import type { Result, Step } from "../actions/outcome.ts";
import { subjectOf, type Subject } from "../actions/subject.ts";
import type { Alert } from "../alerts/alert.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { apiErrorOf, finalityOf, type ApiError } from "../kubernetes/errors.ts";
import { OutputError } from "../outputs/broker.ts";
import { outputEvent } from "../outputs/output-event.ts";
import type { Rule, RuleAction } from "../rules/rule.ts";
import { log } from "../telemetry/log.ts";
import { plain } from "../text.ts";
import { Gate } from "../gate.ts";
import { LIMITS } from "../limits.ts";
import { RetryLater, type Engine } from "./engine.ts";
import { isDone } from "./progress.ts";
import { protectionOf } from "./protection.ts";

/** One rule answering one alert. */
export interface RuleCase {
  rule: Rule;
  alert: Alert;
  /** What tells the alert from others; the same whenever it is delivered again. */
  key: string;
  engine: Engine;
  /** Gets what the API could not do. */
  apiErrors: ApiError[];
}

/**
 * Runs one action of a rule, unless an earlier delivery of the alert has, and hands its output on before the next may
 * destroy what it tells of.
 * @param index its place in the rule
 * @throws {RetryLater} where it failed in a way that passes, and the rule doesn't say to go on all the same
 */
export async function runAction(action: RuleAction, index: number, of: RuleCase): Promise<Step> {
  if (!action.actionner.givesOutput) return await runHere(action, index, of);
  // commands, which may take long, don't keep logs and evidence waiting
  const gate = action.prepared.seconds === undefined ? GATES.read : GATES.run;
  return await gate.run(() => runHere(action, index, of));
}

/** Actions with an output that go on at the same time: each holds it until it is handed on. */
const GATES = { read: new Gate(LIMITS.outputsAtOnce), run: new Gate(LIMITS.outputsAtOnce) };

async function runHere(action: RuleAction, index: number, of: RuleCase): Promise<Step> {
  const { progress } = of.engine;
  const place = { key: of.key, rule: of.rule.name, action: index };
  const before = progress.doneBefore(place);
  if (before?.handedOn) return before.step;
  const step = before?.step ?? (await stepOf(action, of));
  if (isDone(step)) progress.done(place, step);
  const notTaken = await handOn(step, action, of);
  const whole =
    notTaken === undefined ? step : { ...step, shortcoming: true, message: plain(`${step.message}; ${notTaken}`) };
  if (isDone(step)) progress.handedOn(place, whole);
  return whole;
}

async function stepOf(action: RuleAction, { rule, alert, engine, apiErrors }: RuleCase): Promise<Step> {
  const result = await resultOf(action, rule, alert, engine).catch((thrown: unknown) =>
    failed(thrown, action, apiErrors),
  );
  return {
    rule: rule.name,
    action: action.name,
    actionner: action.actionner.name,
    ...result,
    message: plain(result.message),
  };
}

/** What is to be told of a failure that asking again can't mend, or that the rule takes for none. */
function failed(thrown: unknown, { actionner, ignoreErrors }: RuleAction, apiErrors: ApiError[]): Result {
  if (thrown instanceof RetryLater) throw thrown;
  const error = apiErrorOf(thrown);
  apiErrors.push(error);
  if (error.failure === "defect") logDefect(actionner.name, thrown);
  const final = finalityOf(error) === "final";
  if (!final && !ignoreErrors) throw new RetryLater(`${actionner.name} can't be done now: ${error.message}`, apiErrors);
  const why = error.failure === "status" && final ? "was refused by the API" : "failed";
  return { outcome: "failed", message: `${actionner.name} ${why}: ${error.message}` };
}

async function resultOf(action: RuleAction, rule: Rule, alert: Alert, engine: Engine): Promise<Result> {
  const { actionner, prepared } = action;
  const subject = subjectOf(alert, prepared.target);
  if ("outcome" in subject) return subject;
  const { described } = subject;
  const protection = protectionOf(engine, subject.reference);
  if (protection !== undefined) return { outcome: "ignored", message: `left ${described} alone: ${protection}` };
  if (rule.dryRun) {
    return { outcome: "dry-run", message: `dry run: ${actionner.name} would have been run on ${described}` };
  }
  if (await engine.switch?.isOff()) {
    const message = `held: ${actionner.name} was not run on ${described}, as ${engine.switch?.described ?? ""}`;
    return { outcome: "held", message };
  }
  const exempt = actionner.disrupts > 0 ? await exemptionOf(subject, engine) : undefined;
  if (exempt !== undefined) return { outcome: "ignored", message: `left ${described} alone: ${exempt}` };
  const run = async (cluster: Cluster) =>
    await prepared.run({
      alert,
      cluster,
      protection: async (namespace, pod, shown) =>
        protectionOf(engine, { kind: "Pod", namespace, name: pod }) ??
        (await engine.exemption?.reasonFor({ namespace, pod, shown })),
      context: await contextOf(action, alert, cluster),
    });
  if (actionner.disrupts === 0 || !engine.limits) return await run(engine.cluster);
  return await engine.limits.within({ actionner, target: prepared.target, subject }, engine.cluster, run);
}

async function exemptionOf(
  { namespace, reference: { kind, name } }: Subject,
  { exemption }: Engine,
): Promise<string | undefined> {
  if (namespace === undefined) return undefined;
  return await exemption?.reasonFor({ namespace, ...(kind === "Pod" ? { pod: name } : { object: { kind, name } }) });
}

async function contextOf(
  { contexts }: RuleAction,
  { named: { pod } }: Alert,
  cluster: Cluster,
): Promise<ReadonlyMap<string, string>> {
  if (!pod) return new Map();
  const read = await Promise.all(contexts.map((context) => context.read(cluster, pod)));
  return new Map(read.flatMap((values) => [...values]));
}

/** Why nobody will ever have the output whole; undefined where somebody has, or there is none. */
async function handOn(
  step: Step,
  { output: target, ignoreErrors }: RuleAction,
  { alert, key, engine, apiErrors }: RuleCase,
): Promise<string | undefined> {
  try {
    const event = outputEvent(alert, key, step, target);
    if (event && engine.sink) await engine.sink(event);
    return undefined;
  } catch (error) {
    const isDefect = !(error instanceof OutputError);
    if (isDefect) logDefect(step.actionner, error);
    else if (!error.final && !ignoreErrors) throw new RetryLater(error.message, apiErrors);
    return `its output is in this response alone: ${isDefect ? apiErrorOf(error).message : error.message}`;
  }
}

function logDefect(actionner: string, thrown: unknown): void {
  log("error", "defect", { actionner, reason: thrown instanceof Error ? thrown.stack : String(thrown) });
}
