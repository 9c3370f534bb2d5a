import { LRUCache } from "lru-cache";
import type { Step } from "../actions/outcome.ts";
import { LIMITS } from "../limits.ts";
import { start } from "../text.ts";

/** One action of one rule for one alert. */
export interface Place {
  key: string;
  rule: string;
  action: number;
}

/**
 * What was done for alerts that are not settled yet, so that their next delivery goes on from there. It is this
 * replica's own knowledge: what another has done is known by the cluster alone.
 */
export class Progress {
  readonly #steps = new LRUCache<string, { step: Step; handedOn: boolean }>({
    max: LIMITS.remembered,
    maxSize: LIMITS.progressBytes,
    sizeCalculation: ({ step }, key) =>
      key.length + LIMITS.field + step.message.length + (step.output?.text.length ?? 0),
  });

  /** `handedOn`: its output is where it was to go. */
  doneBefore(place: Place): { step: Step; handedOn: boolean } | undefined {
    return this.#steps.get(keyOf(place));
  }

  /** Its output is kept until it is handed on. */
  done(place: Place, step: Step): void {
    this.#steps.set(keyOf(place), { step, handedOn: false });
  }

  /** Of the output, what the response shows of it is kept. */
  handedOn(place: Place, { output, ...rest }: Step): void {
    const step = output ? { ...rest, output: { ...output, text: start(output.text, LIMITS.excerpt) } } : rest;
    this.#steps.set(keyOf(place), { step, handedOn: true });
  }
}

function keyOf({ key, rule, action }: Place): string {
  return JSON.stringify([key, rule, action]);
}

/** Whether a step is not to be run again: it did something, or began to, or there was nothing to do. */
export function isDone({ outcome, output }: Pick<Step, "outcome" | "output">): boolean {
  return outcome !== "held" && (outcome !== "failed" || output !== undefined);
}
