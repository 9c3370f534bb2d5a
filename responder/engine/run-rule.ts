import type { Outcome, Result, Step } from "../actions/outcome.ts";
import { subjectOf } from "../actions/subject.ts";
import { isClaimed } from "../rules/deduplication.ts";
import type { Rule, RuleAction } from "../rules/rule.ts";
import { claim, giveBack, settleClaim, type Claim } from "./claim.ts";
import type { Engine } from "./engine.ts";
import { writeEvent, type RuleRun } from "./kubernetes-event.ts";
import { protectionOf } from "./protection.ts";
import { isDone } from "./progress.ts";
import { runAction, type RuleCase } from "./run-action.ts";

/** What changed something, or was meant to. */
const ACTED: readonly Outcome[] = ["terminated", "done", "failed"];

/**
 * Runs a rule's actions, in order, as far as each lets the next. Those that were done for an earlier delivery of the
 * alert are not run again, as far as this replica or the claim's Event knows.
 * @throws {RetryLater} where an action is to be tried again, and the alert to be delivered again for it
 */
export async function runRule(of: RuleCase): Promise<Step[]> {
  const { rule, engine } = of;
  const run = runOf(of);
  let claimed: Claim | undefined;
  // what can't be known here is asked again by the action, which knows what to say
  const isOff = run && !rule.dryRun && (await engine.switch?.isOff().catch(() => false));
  if (run && isClaimed(rule, engine) && !isOff) {
    claimed = await claim(engine.cluster, run, engine.deduplicationSeconds);
    if (!claimed) return [leftToAnother(rule, run, engine)];
  }
  const steps: Step[] = [];
  let isNew = false;
  try {
    for (const [index, action] of rule.actions.entries()) {
      const before = engine.progress.doneBefore({ key: of.key, rule: rule.name, action: index });
      // what can be repeated is: others can write Events too, and none of theirs is to keep a pod alive
      const isElsewhere = !before && !action.actionner.repeatable && claimed?.done.has(index) === true;
      const step = isElsewhere ? doneElsewhere(rule, action) : await runAction(action, index, of);
      isNew ||= !before && ACTED.includes(step.outcome);
      steps.push(step);
      if (!goesOn(step, action)) break;
    }
  } catch (thrown) {
    const done = [...steps.entries()].flatMap(([index, step]) => (isDone(step) ? [index] : []));
    // before the answer: the alert may come again at once
    if (run && claimed) await giveBack(engine.cluster, run, claimed, done);
    throw thrown;
  }
  // nobody waits for these
  if (run && claimed) void settleClaim(engine.cluster, run, claimed, steps);
  else if (run && engine.events && isNew) void writeEvent(engine.cluster, run, steps);
  return steps;
}

/** By the first action that touches something; undefined where none does: there is nothing to claim then, and no object to tell it on. */
function runOf({ rule, alert, key, engine }: RuleCase): RuleRun | undefined {
  for (const { prepared } of rule.actions) {
    const subject = subjectOf(alert, prepared.target);
    if (!("outcome" in subject) && protectionOf(engine, subject.reference) === undefined)
      return { rule: rule.name, alert: alert.rule, key, subject };
  }
  return undefined;
}

function leftToAnother({ name, actions: [first] }: Rule, { subject }: RuleRun, { deduplicationSeconds }: Engine): Step {
  const message = `${subject.described} was left to another alert, less than ${deduplicationSeconds} s ago`;
  return {
    rule: name,
    action: first?.name ?? "",
    actionner: first?.actionner.name ?? "",
    outcome: "deduplicated",
    message,
  };
}

function doneElsewhere(rule: Rule, { name, actionner }: RuleAction): Step {
  const message = `${actionner.name} was run for an earlier delivery of the alert`;
  return { rule: rule.name, action: name, actionner: actionner.name, outcome: "done", message };
}

function goesOn({ outcome }: Result, action: RuleAction): boolean {
  return action.continue && ((outcome !== "failed" && outcome !== "held") || action.ignoreErrors);
}
