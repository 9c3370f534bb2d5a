import type { ReadFile } from "../actions/parameters.ts";
import { EntryError, merge, type Entry, type Fault } from "./entries.ts";
import { sizeOf, type Budget } from "./limits.ts";
import { readAction } from "./read-action.ts";
import type { RuleAction } from "./rule.ts";

/** An action can't be used as a named one, which is told of by itself, is at fault. */
export class NamedActionError extends EntryError {
  override name = "NamedActionError";
}

/** The files' named actions, which a rule's own refer to and add to. */
export class NamedActions {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #readFile: ReadFile | undefined;
  readonly #budget: Budget;
  /** What is wrong with one by itself; a rule may mend it with parameters of its own. */
  readonly #broken = new Map<string, string>();
  /** Those that a rule could use as it is or has mended, and those that another could not use. */
  readonly #mended = new Set<string>();
  readonly #blamed = new Set<string>();

  constructor(entries: ReadonlyMap<string, Entry>, readFile: ReadFile | undefined, budget: Budget) {
    this.#entries = entries;
    this.#readFile = readFile;
    this.#budget = budget;
    for (const entry of entries.values()) {
      try {
        readAction(entry, readFile);
      } catch (error) {
        if (!(error instanceof EntryError)) throw error;
        this.#broken.set(entry.name, error.message);
      }
    }
  }

  /**
   * The action of a rule.
   * @throws {NamedActionError} where the fault is the named one's
   * @throws {EntryError}
   * @throws {BudgetError}
   */
  read(own: Entry): RuleAction {
    const named = this.#entries.get(own.name);
    if (named && named.faults.length > 0) throw this.#blame(own);
    const entry = named ? merge([named, own]) : own;
    // what is named is read again for each that refers to it
    if (named) this.#budget.spend(sizeOf(entry.body));
    try {
      const action = readAction(entry, this.#readFile);
      this.#mended.add(own.name);
      return action;
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      if (error.message === this.#broken.get(own.name)) throw this.#blame(own);
      const isReference = !named && this.#entries.size > 0 && own.body["actionner"] === undefined;
      throw new EntryError(
        `${own.where} ("${own.name}"): ${isReference ? `no "- action: ${own.name}" entry defines it; ` : ""}${error.message}`,
      );
    }
  }

  #blame({ name, where }: Entry): NamedActionError {
    this.#blamed.add(name);
    return new NamedActionError(`${where}: the action "${name}" can't be used`);
  }

  /** Those of named actions, but for the ones that rules have mended. */
  problems(): Fault[] {
    return [...this.#entries.values()].flatMap(({ name, where, faults }) => {
      const message = this.#broken.get(name);
      const told = message !== undefined && (this.#blamed.has(name) || !this.#mended.has(name));
      return told ? [...faults, { where, message }] : faults;
    });
  }
}
