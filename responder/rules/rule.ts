import type { Actionner, PreparedAction } from "../actions/actionner.ts";
import type { Context } from "../actions/contexts.ts";
import type { Match } from "./match.ts";

/** A response rule: which alerts it answers, and with which actions, in order. */
export interface Rule {
  name: string;
  description: string;
  match: Match;
  actions: readonly RuleAction[];
  /** Whether the rules that follow may answer the same alert too. */
  continue: boolean;
  /** Everything but the actions themselves. */
  dryRun: boolean;
}

export interface RuleAction {
  name: string;
  description: string;
  actionner: Actionner;
  prepared: PreparedAction;
  /** Whether the next action of the rule runs after this one. */
  continue: boolean;
  /** Whether a failure of this one counts as none. */
  ignoreErrors: boolean;
  /** What the action is told beyond the alert. */
  contexts: readonly Context[];
  /** Where its output is to go. */
  output?: OutputTarget;
}

/** What a rules file says of an output's way; the responder hands it on with the output. */
export interface OutputTarget {
  /** As in "aws:s3". */
  target: string;
  parameters: Readonly<Record<string, unknown>>;
}
