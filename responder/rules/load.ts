import type { Actionner } from "../actions/actionner.ts";
import { ACTIONNERS } from "../actions/catalogue.ts";
import { CONTEXTS, type Context } from "../actions/contexts.ts";
import { ParameterError, type ReadFile } from "../actions/parameters.ts";
import { isMap } from "../json.ts";
import { EntryError, KEYS, entriesOf, merge, readFlag, readText, type Entry, type RulesFile } from "./entries.ts";
import { parseMatch, type Match } from "./match.ts";
import type { OutputTarget, Rule, RuleAction } from "./rule.ts";

/** The files can't be used; a line of the message per problem, with the file, the entry and what is allowed. */
export class RulesError extends Error {
  override name = "RulesError";
}

export interface LoadOptions {
  /** Whether every rule is to run dry. */
  dryRun?: boolean;
  /** Gives the files that parameters name; none are at hand where it isn't given. */
  readFile?: ReadFile | undefined;
}

/**
 * Reads rules files in falco-talon's syntax and merges them in order: of two entries of the same name, the
 * later one's keys take the place of the earlier one's (those of `match` and `parameters` one by one).
 * @see https://docs.falco-talon.org/docs/rules/
 * @throws {RulesError} for anything wrong in any file, all of it at once
 */
export function loadRules(files: readonly RulesFile[], { dryRun = false, readFile }: LoadOptions = {}): Rule[] {
  const problems: string[] = [];
  const actions = new Map<string, Entry>();
  const rules = new Map<string, Entry>();
  for (const file of files) {
    for (const entry of entriesOf(file, problems)) {
      const known = entry.kind === "rule" ? rules : actions;
      const earlier = known.get(entry.name);
      known.set(entry.name, earlier ? merge(earlier, entry) : entry);
    }
  }
  const named = new NamedActions(actions, readFile);
  const loaded = [...rules.values()].flatMap((entry) => attempt(entry, problems, () => readRule(entry, named)) ?? []);
  problems.unshift(...named.problems());
  if (problems.length === 0 && loaded.length === 0) {
    problems.push(
      `${files.map(({ name }) => name).join(", ") || "no rules file"}: no rule in it; add a "- rule:" entry`,
    );
  }
  if (problems.length > 0) throw new RulesError(problems.join("\n"));
  return dryRun ? loaded.map((rule) => ({ ...rule, dryRun })) : loaded;
}

function attempt<T>(entry: Entry, problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    problems.push(`${entry.where}: ${error.message}`);
    return undefined;
  }
}

/** The file's named actions, which a rule's own refer to and add to. */
class NamedActions {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #readFile: ReadFile | undefined;
  /** What is wrong with one by itself; a rule may mend it with parameters of its own. */
  readonly #broken = new Map<string, string>();
  /** Those that a rule could use as it is or has mended, and those that another could not use. */
  readonly #mended = new Set<string>();
  readonly #blamed = new Set<string>();

  constructor(entries: ReadonlyMap<string, Entry>, readFile: ReadFile | undefined) {
    this.#entries = entries;
    this.#readFile = readFile;
    for (const entry of entries.values()) {
      try {
        readAction(entry, readFile);
      } catch (error) {
        if (!(error instanceof EntryError)) throw error;
        this.#broken.set(entry.name, error.message);
      }
    }
  }

  /** The action of a rule; undefined where the fault is the named one's, which is told there, once. */
  read(own: Entry): RuleAction | undefined {
    const named = this.#entries.get(own.name);
    try {
      const action = readAction(named ? merge(named, own) : own, this.#readFile);
      this.#mended.add(own.name);
      return action;
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      if (error.message === this.#broken.get(own.name)) {
        this.#blamed.add(own.name);
        return undefined;
      }
      const isReference = !named && this.#entries.size > 0 && own.body["actionner"] === undefined;
      throw new EntryError(
        `${own.where} ("${own.name}"): ${isReference ? `no "- action: ${own.name}" entry defines it; ` : ""}${error.message}`,
      );
    }
  }

  /** Those of named actions, but for the ones that rules have mended. */
  problems(): string[] {
    const told = [...this.#broken].filter(([name]) => this.#blamed.has(name) || !this.#mended.has(name));
    return told.map(([name, message]) => `${this.#entries.get(name)?.where ?? name}: ${message}`);
  }
}

function readRule({ name, body }: Entry, named: NamedActions): Rule {
  const list = body["actions"];
  if (!Array.isArray(list) || list.length === 0) {
    throw new EntryError('actions: is missing; it takes a list of "- action: NAME"');
  }
  return {
    name,
    description: readText(body, "description"),
    match: readMatch(body["match"]),
    actions: list.flatMap((action: unknown, index) => {
      const place = `actions[${index}]`;
      if (!isMap(action)) throw new EntryError(`${place}: takes "action: NAME" and its keys`);
      const actionName = action["action"];
      if (typeof actionName !== "string") throw new EntryError(`${place}: has no "action: NAME"`);
      const unknown = Object.keys(action).find((key) => !KEYS.action.includes(key));
      if (unknown)
        throw new EntryError(`${place}.${unknown} is not supported; an action has ${KEYS.action.join(", ")}`);
      return named.read({ kind: "action", name: actionName, where: place, body: action }) ?? [];
    }),
    continue: readFlag(body, "continue") ?? true,
    dryRun: readFlag(body, "dry_run") ?? false,
  };
}

function readAction({ name, body }: Entry, readFile: ReadFile | undefined): RuleAction {
  const supported = ACTIONNERS.map((known) => known.name).join(", ");
  const actionnerName = body["actionner"];
  if (typeof actionnerName !== "string") {
    throw new EntryError(`actionner: is missing; it takes one of ${supported}`);
  }
  const actionner = ACTIONNERS.find((known) => known.name === actionnerName);
  if (!actionner) throw new EntryError(`actionner: "${actionnerName}" is not supported; it takes one of ${supported}`);
  const parameters = body["parameters"] ?? {};
  if (!isMap(parameters)) throw new EntryError("parameters: is not a map");
  try {
    return {
      name,
      description: readText(body, "description"),
      actionner,
      prepared: actionner.prepare(parameters, readFile),
      continue: readFlag(body, "continue") ?? actionner.continue,
      ignoreErrors: readFlag(body, "ignore_errors") ?? false,
      contexts: readContexts(body["additional_contexts"]),
      ...readOutput(body["output"], actionner),
    };
  } catch (error) {
    throw error instanceof ParameterError ? new EntryError(error.message) : error;
  }
}

function readContexts(value: unknown): Context[] {
  if (value === undefined || value === null) return [];
  const supported = CONTEXTS.map(({ name }) => name).join(", ");
  if (!Array.isArray(value))
    throw new EntryError(
      `additional_contexts: ${JSON.stringify(value)} is not allowed; it takes a list of ${supported}`,
    );
  return value.map((wanted: unknown) => {
    const context = CONTEXTS.find(({ name }) => name === wanted);
    if (!context)
      throw new EntryError(`additional_contexts: ${JSON.stringify(wanted)} is not supported; it takes ${supported}`);
    return context;
  });
}

function readOutput(value: unknown, actionner: Actionner): { output?: OutputTarget } {
  if (value === undefined || value === null) return {};
  if (!actionner.givesOutput) {
    const giving = ACTIONNERS.filter(({ givesOutput }) => givesOutput)
      .map(({ name }) => name)
      .join(", ");
    throw new EntryError(`output: ${actionner.name} gives none; ${giving} do`);
  }
  const { target, parameters } = isMap(value) ? value : {};
  if (typeof target !== "string" || !TARGET.test(target))
    throw new EntryError('output.target: takes a name such as "aws:s3", of letters, digits and -._:/');
  if (parameters !== undefined && !isMap(parameters)) throw new EntryError("output.parameters: is not a map");
  return { output: { target, parameters: parameters ?? {} } };
}

/** It travels in a header of the output's event. */
export const TARGET = /^[\w.:/-]{1,128}$/;

function readMatch(value: unknown): Match {
  if (value !== undefined && value !== null && !isMap(value)) throw new EntryError("match: is not a map");
  try {
    return parseMatch(value ?? {});
  } catch (error) {
    throw error instanceof Error ? new EntryError(`match.${error.message}`) : error;
  }
}
