import { parseDocument } from "yaml";
import { ParameterError, type Actionner, type PreparedAction } from "./actions/action.ts";
import { ACTIONNERS } from "./actions/index.ts";
import { isMap } from "./is-map.ts";
import { parseMatch, type Match } from "./match.ts";

/** A rules file, read: the name stands in messages. */
export interface RulesFile {
  name: string;
  text: string;
}

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
}

/** The files can't be used; a line of the message per problem, with the file, the entry and what is allowed. */
export class RulesError extends Error {
  override name = "RulesError";
}

/**
 * Reads rules files in falco-talon's syntax and merges them in order: of two entries of the same name, the
 * later one's keys take the place of the earlier one's (those of `match` and `parameters` one by one).
 * With `dryRun` every rule is one that runs dry.
 * @see https://docs.falco-talon.org/docs/rules/
 * @throws {RulesError} for anything wrong in any file, all of it at once
 */
export function loadRules(files: readonly RulesFile[], { dryRun = false }: { dryRun?: boolean } = {}): Rule[] {
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
  for (const entry of actions.values()) attempt(entry, problems, () => readAction(entry, new Map()));
  const loaded = [...rules.values()].flatMap((entry) => attempt(entry, problems, () => readRule(entry, actions)) ?? []);
  if (problems.length === 0 && loaded.length === 0) {
    problems.push(`${files.map(({ name }) => name).join(", ") || "no rules file"}: no rule in it; add a "- rule:" entry`);
  }
  if (problems.length > 0) throw new RulesError(problems.join("\n"));
  return dryRun ? loaded.map((rule) => ({ ...rule, dryRun })) : loaded;
}

interface Entry {
  kind: "rule" | "action";
  name: string;
  /** "rules.yaml, entry 2 (rule "…")", for messages. */
  where: string;
  body: Record<string, unknown>;
}

/** What is wrong with one key of an entry; `where` is added by who knows it. */
class EntryError extends Error {}

const KEYS = {
  rule: ["rule", "description", "match", "actions", "continue", "dry_run"],
  action: ["action", "description", "actionner", "parameters", "continue", "ignore_errors"],
};

function entriesOf({ name: file, text }: RulesFile, problems: string[]): Entry[] {
  const document = parseDocument(text, { prettyErrors: true });
  const [syntax] = document.errors;
  if (syntax) {
    problems.push(`${file}: not YAML: ${syntax.message.trim()}`);
    return [];
  }
  const content: unknown = document.toJS();
  if (content === null) return [];
  if (!Array.isArray(content)) {
    problems.push(`${file}: not a list of entries; each starts with "- rule:" or "- action:"`);
    return [];
  }
  return content.flatMap((body: unknown, index): Entry[] => {
    const place = `${file}, entry ${index + 1}`;
    if (!isMap(body)) {
      problems.push(`${place}: not an entry; it takes "rule:" or "action:" and their keys`);
      return [];
    }
    const kind = "rule" in body ? "rule" : "action";
    const name = body[kind];
    if (typeof name !== "string" || name.trim() === "") {
      problems.push(`${place}: has no name; it takes "rule: NAME" or "action: NAME"`);
      return [];
    }
    const where = `${place} (${kind} "${name}")`;
    const unknown = Object.keys(body).filter((key) => !KEYS[kind].includes(key));
    for (const key of unknown) problems.push(`${where}: ${key} is not supported; a ${kind} has ${KEYS[kind].join(", ")}`);
    return [{ kind, name, where, body }];
  });
}

function merge(earlier: Entry, later: Entry): Entry {
  const body = { ...earlier.body, ...later.body };
  for (const key of ["match", "parameters"]) {
    const [before, after] = [earlier.body[key], later.body[key]];
    if (isMap(before) && isMap(after)) body[key] = { ...before, ...after };
  }
  return { ...later, body };
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

function readRule({ name, body }: Entry, actions: ReadonlyMap<string, Entry>): Rule {
  const list = body["actions"];
  if (!Array.isArray(list) || list.length === 0) {
    throw new EntryError('actions: is missing; it takes a list of "- action: NAME"');
  }
  return {
    name,
    description: readText(body, "description"),
    match: readMatch(body["match"]),
    actions: list.map((action: unknown, index) => {
      const place = `actions[${index}]`;
      if (!isMap(action)) throw new EntryError(`${place}: takes "action: NAME" and its keys`);
      const actionName = action["action"];
      if (typeof actionName !== "string") throw new EntryError(`${place}: has no "action: NAME"`);
      const unknown = Object.keys(action).find((key) => !KEYS.action.includes(key));
      if (unknown) throw new EntryError(`${place}.${unknown} is not supported; an action has ${KEYS.action.join(", ")}`);
      try {
        return readAction({ kind: "action", name: actionName, where: place, body: action }, actions);
      } catch (error) {
        throw error instanceof EntryError ? new EntryError(`${place} ("${actionName}"): ${error.message}`) : error;
      }
    }),
    continue: readFlag(body, "continue") ?? true,
    dryRun: readFlag(body, "dry_run") ?? false,
  };
}

/** `actions` are the named ones a rule's own may refer to and add to. */
function readAction(entry: Entry, actions: ReadonlyMap<string, Entry>): RuleAction {
  const named = actions.get(entry.name);
  const { name, body } = named ? merge(named, entry) : entry;
  const supported = ACTIONNERS.map((known) => known.name).join(", ");
  const actionnerName = body["actionner"];
  if (typeof actionnerName !== "string") {
    const hint = actions.size > 0 && !named ? `; no "- action: ${name}" entry defines it` : "";
    throw new EntryError(`actionner: is missing${hint}; it takes one of ${supported}`);
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
      prepared: actionner.prepare(parameters),
      continue: readFlag(body, "continue") ?? actionner.continue,
      ignoreErrors: readFlag(body, "ignore_errors") ?? false,
    };
  } catch (error) {
    throw error instanceof ParameterError ? new EntryError(error.message) : error;
  }
}

function readMatch(value: unknown): Match {
  if (value !== undefined && value !== null && !isMap(value)) throw new EntryError("match: is not a map");
  try {
    return parseMatch(value ?? {});
  } catch (error) {
    throw error instanceof Error ? new EntryError(`match.${error.message}`) : error;
  }
}

function readText(body: Record<string, unknown>, key: string): string {
  const value = body[key] ?? "";
  if (typeof value !== "string") throw new EntryError(`${key}: is not text`);
  return value.trim();
}

function readFlag(body: Record<string, unknown>, key: string): boolean | undefined {
  const value = body[key];
  if (value === undefined || value === null) return undefined;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new EntryError(`${key}: ${JSON.stringify(value)} is not allowed; it takes true or false`);
}
