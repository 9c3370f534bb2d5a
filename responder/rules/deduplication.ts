import type { Rule } from "./rule.ts";

/** What the responder does around the actions. */
export interface AroundActions {
  /** Whether Kubernetes Events tell of what was done. */
  events: boolean;
  /** Seconds within which the same rule acts once on the same pod; 0: no such window. */
  deduplicationSeconds: number;
  /** The label that exempts; undefined: nothing is exempt. */
  exemptLabel?: string | undefined;
  /** Whether the pod of a container that Falco could not name is looked for on its node; not there: it isn't. */
  findByContainer?: boolean;
}

/** Whether a rule is claimed before it acts: where doing it again would not be nothing. */
export function isClaimed({ actions, dryRun }: Rule, { deduplicationSeconds }: AroundActions): boolean {
  return deduplicationSeconds > 0 && !dryRun && actions.some(({ actionner }) => !actionner.repeatable);
}
