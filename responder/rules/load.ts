import type { ReadFile } from "../actions/parameters.ts";
import { isMap, shown } from "../json.ts";
import { FileError } from "./document.ts";
import {
  EntryError,
  KEYS,
  entriesOf,
  merge,
  objectionToName,
  readFlag,
  readText,
  type Entry,
  type Fault,
  type FileContent,
  type RulesFile,
} from "./entries.ts";
import { Budget, BudgetError, LIMITS } from "./limits.ts";
import { MatchError, parseMatch, type Match } from "./match.ts";
import { NamedActionError, NamedActions } from "./named-actions.ts";
import { Problems } from "./problems.ts";
import type { Rule } from "./rule.ts";
import { objectionToTime } from "./time.ts";

/** The files can't be used; a line of the message per problem, with the file, the entry and what is allowed. */
export class RulesError extends Error {
  override name = "RulesError";
}

export interface LoadOptions {
  /** Whether every rule is to run dry. */
  dryRun?: boolean;
  /** Gives the files that parameters name; none are at hand where it isn't given. */
  readFile?: ReadFile | undefined;
  /** Seconds after which the service gives up an alert; a rule whose actions may take as long is refused. */
  timeoutSeconds?: number | undefined;
  /** Whether a rule that can't be used is left out, with a warning, and the others are used. */
  skipBroken?: boolean;
  /** Is told, a line each, what is taken and does nothing, and what is left out. */
  onWarning?: (warning: string) => void;
}

/**
 * Reads rules files in falco-talon's syntax and merges them in order: of two entries of the same name, the
 * later one's keys take the place of the earlier one's (those of `match` and `parameters` one by one).
 * @see https://docs.falco-talon.org/docs/rules/
 * @throws {RulesError} for anything wrong in any file, all of it at once
 */
export function loadRules(files: readonly RulesFile[], options: LoadOptions = {}): Rule[] {
  try {
    return load(files, options);
  } catch (error) {
    throw error instanceof FileError ? refusal([error.message]) : error;
  }
}

function load(files: readonly RulesFile[], { dryRun = false, skipBroken = false, ...options }: LoadOptions): Rule[] {
  const budget = new Budget();
  const fatal: string[] = [];
  const contents = sizeIsAllowed(files, fatal) ? files.flatMap((file) => contentOf(file, budget, fatal)) : [];
  const entries = contents.flatMap((content) => content.entries);
  const named = new NamedActions(byName(entries, "action"), options.readFile, budget);
  const rules: Rule[] = [];
  const broken: Broken[] = [];
  for (const entry of byName(entries, "rule").values()) {
    const read = readRule(entry, named, options);
    if ("faults" in read) broken.push(read);
    else rules.push(read);
  }
  const stray = contents.flatMap((content) => content.stray);
  const problems = [
    ...named.problems().map(line),
    ...(skipBroken
      ? [...stray.map(leftOut), ...broken.map(leftOutRule)]
      : [...stray, ...broken.flatMap(owned)].map(line)),
  ];
  if (fatal.length > 0 || (problems.length > 0 && !skipBroken)) throw refusal([...fatal, ...problems]);
  if (rules.length === 0) {
    const none = broken.length > 0 ? "no rule in it can be used" : 'no rule in it; add a "- rule:" entry';
    throw refusal([`${namesOf(files)}: ${none}`, ...problems]);
  }
  const warnings = new Problems(LIMITS.warnings);
  for (const holder of contents.flatMap(({ holders }) => holders)) warnings.add(line(holder));
  for (const warning of [...aboutNotifiers(entries), ...problems]) warnings.add(warning);
  for (const warning of warnings.lines) options.onWarning?.(warning);
  return dryRun ? rules.map((rule) => ({ ...rule, dryRun })) : rules;
}

function line({ where, message }: Fault): string {
  return `${where}: ${message}`;
}

function leftOut({ where, message }: Fault): string {
  return `${where}: left out: ${message}`;
}

/** A rule that can't be used, and all that keeps it from that. */
interface Broken {
  where: string;
  faults: RuleFault[];
}

interface RuleFault extends Fault {
  /** Whether it is that of a named action, and told of with that. */
  named?: boolean;
}

function owned({ faults }: Broken): Fault[] {
  return faults.filter(({ named }) => !named);
}

function leftOutRule({ where, faults }: Broken): string {
  return leftOut({
    where,
    message: faults.map((fault) => (fault.where === where ? fault.message : line(fault))).join("; "),
  });
}

function refusal(lines: readonly string[]): RulesError {
  const problems = new Problems(LIMITS.problems);
  for (const line of lines) problems.add(line);
  return new RulesError(problems.lines.join("\n"));
}

function namesOf(files: readonly RulesFile[]): string {
  return files.map(({ name }) => name).join(", ") || "no rules file";
}

function sizeIsAllowed(files: readonly RulesFile[], problems: string[]): boolean {
  const bytes = files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (bytes <= LIMITS.bytes) return true;
  problems.push(
    `${namesOf(files)}: ${bytes} bytes are too many; rules files have up to ${LIMITS.bytes} together, as a ConfigMap holds no more`,
  );
  return false;
}

function contentOf(file: RulesFile, budget: Budget, problems: string[]): FileContent[] {
  try {
    return [entriesOf(file, budget)];
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    problems.push(error.message);
    return [];
  }
}

/** The entries of a kind, those of one name merged, where the first of them stands. */
function byName(entries: readonly Entry[], kind: Entry["kind"]): Map<string, Entry> {
  const groups = new Map<string, [Entry, ...Entry[]]>();
  for (const entry of entries) {
    if (entry.kind !== kind) continue;
    const group = groups.get(entry.name);
    if (group) group.push(entry);
    else groups.set(entry.name, [entry]);
  }
  return new Map([...groups].map(([name, group]) => [name, merge(group)]));
}

function readRule(
  { name, body, where, faults: known }: Entry,
  named: NamedActions,
  { timeoutSeconds }: LoadOptions,
): Rule | Broken {
  const faults: RuleFault[] = [...known];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (error instanceof BudgetError) throw new FileError(`${where}: ${error.message}`);
      if (!(error instanceof EntryError)) throw error;
      faults.push({ where, message: error.message, named: error instanceof NamedActionError });
      return undefined;
    }
  };
  const head = attempt(() => ({
    description: readText(body, "description"),
    continue: readFlag(body, "continue") ?? true,
    dryRun: readFlag(body, "dry_run") ?? false,
  }));
  const match = attempt(() => readMatch(body["match"]));
  const own = attempt(() => ownActions(body["actions"])) ?? [];
  const actions = own.flatMap((action) => attempt(() => named.read(action)) ?? []);
  attempt(() => {
    const objection = objectionToTime(actions, timeoutSeconds);
    if (objection !== undefined) throw new EntryError(`actions: ${objection}`);
  });
  return faults.length === 0 && head && match ? { name, ...head, match, actions } : { where, faults };
}

/** What a rule itself says of its actions. */
function ownActions(list: unknown): Entry[] {
  if (!Array.isArray(list) || list.length === 0)
    throw new EntryError('actions: is missing; it takes a list of "- action: NAME"');
  if (list.length > LIMITS.actions)
    throw new EntryError(`actions: ${list.length} are too many; a rule has up to ${LIMITS.actions}`);
  return list.map((body: unknown, index) => {
    const where = `actions[${index}]`;
    if (!isMap(body)) throw new EntryError(`${where}: takes "action: NAME" and its keys`);
    const name = body["action"];
    if (typeof name !== "string" || name.trim() === "") throw new EntryError(`${where}: has no "action: NAME"`);
    const objection = objectionToName(name);
    if (objection !== undefined) throw new EntryError(`${where}: ${objection}`);
    const unknown = Object.keys(body).find((key) => !KEYS.action.includes(key));
    if (unknown !== undefined)
      throw new EntryError(`${where}.${unknown} is not supported; an action has ${KEYS.action.join(", ")}`);
    return { kind: "action", name, where, body, faults: [] };
  });
}

function readMatch(value: unknown): Match {
  if (value !== undefined && value !== null && !isMap(value))
    throw new EntryError(`match: ${shown(value)} is not a map`);
  try {
    return parseMatch(value ?? {});
  } catch (error) {
    throw error instanceof MatchError ? new EntryError(`match.${error.message}`) : error;
  }
}

/** Said once, however many rules have them. */
function aboutNotifiers(entries: readonly Entry[]): string[] {
  const [first, ...others] = entries.filter(({ kind, body }) => kind === "rule" && "notifiers" in body);
  if (!first) return [];
  const where = others.length > 0 ? `, here and in ${others.length} more of the entries,` : "";
  return [
    `${first.where}: notifiers${where} are not read: every response goes to falcosidekick, whose outputs are set in falcoValues (falcosidekick.config)`,
  ];
}
