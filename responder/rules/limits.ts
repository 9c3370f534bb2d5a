/** What rules files may hold; whoever writes one may mean harm. */
export const LIMITS = {
  /** Bytes of all files together: a ConfigMap, which they come to the responder in, holds no more. */
  bytes: 1024 * 1024,
  /** Lists and maps within one another. */
  depth: 64,
  /** Characters and values that are reached by an alias or by an action's name, each counted as often as it is. */
  referred: 8 * 1024 * 1024,
  /** Bytes of a rule's or an action's name, which goes to logs, headers and Kubernetes Events. */
  nameBytes: 256,
  /** Actions of one rule. */
  actions: 100,
  /** Problems told of, and warnings, before the rest is a number; bytes of each. */
  problems: 20,
  warnings: 100,
  problemBytes: 2048,
} as const;

/** References add up to more than files may hold. */
export class BudgetError extends Error {
  override name = "BudgetError";
}

/** What references may still add up to. */
export class Budget {
  #left: number = LIMITS.referred;

  /** @throws {BudgetError} where nothing is left */
  spend(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0)
      throw new BudgetError(`aliases and named actions stand for more than ${LIMITS.referred} characters and values`);
  }
}

/** What a value counts for. It holds no circle. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return 1 + value.length;
  if (typeof value !== "object" || value === null) return 1;
  let size = 1;
  for (const [key, item] of Object.entries(value)) size += key.length + sizeOf(item);
  return size;
}
