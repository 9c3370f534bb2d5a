import { Composer, isAlias, isMap, isScalar, isSeq, LineCounter, Parser } from "yaml";
import type { Alias, CST, Node, ParsedNode, YAMLMap } from "yaml";
import { isMap as isRecord, shown } from "../json.ts";
import { BudgetError, LIMITS, type Budget } from "./limits.ts";

/** One item of a file's list. */
export interface Item {
  line: number;
  /** What stands below `parameters` as YAML has it; all else is text, as it is written, as in falco-talon. */
  value: unknown;
  /** What could not be read in it. */
  faults: string[];
  /** Whether it or one of its keys is there to be referred to. */
  anchored: boolean;
}

/** A file can't be read at all. */
export class FileError extends Error {
  override name = "FileError";
  readonly line: number | undefined;
  /** Counted from 1; undefined where it is none's alone. */
  readonly entry: number | undefined;

  constructor(message: string, line?: number, entry?: number) {
    super(message);
    this.line = line;
    this.entry = entry;
  }
}

/**
 * Reads a YAML file that holds a list, with its aliases and merge keys, in a time that grows as it does.
 * @see https://yaml.org/spec/1.2.2/ and, for merge keys, https://yaml.org/type/merge.html
 * @throws {FileError} for what is no such list, or asks for too much
 */
export function readItems(text: string, budget: Budget): Item[] {
  const { contents, lines } = compose(text);
  if (contents === null) return [];
  if (!isSeq(contents)) {
    throw new FileError('not a list of entries; each starts with "- rule:" or "- action:"', 1);
  }
  const reader = new Reader(lines, budget);
  const { items } = contents;
  for (const [index, item] of items.entries())
    reader.within(item, index + 1, () => {
      reader.find(item, 1);
    });
  return items.map((item, index) => reader.within(item, index + 1, () => reader.item(item)));
}

const TOO_DEEP = `nested more than ${LIMITS.depth} deep`;

/** The one document of a file; null where it is empty. */
function compose(text: string): { contents: ParsedNode | null; lines: LineCounter } {
  const lines = new LineCounter();
  // keys that stand twice are found below, as that takes the library the square of their number
  const composer = new Composer({
    uniqueKeys: false,
    prettyErrors: false,
    schema: "core",
    resolveKnownTags: false,
    merge: false,
  });
  let contents: ParsedNode | null = null;
  const tokens = soundTokens(new Parser(lines.addNewLine).parse(text), lines);
  for (const document of safely(composer.compose(tokens, true, text.length))) {
    const [error] = document.errors;
    if (error) {
      const deep = error.code === "RESOURCE_EXHAUSTION";
      throw new FileError(deep ? TOO_DEEP : `not YAML: ${error.message.trim()}`, lines.linePos(error.pos[0]).line);
    }
    const found = document.contents;
    if (found === null || (isScalar(found) && found.value === null)) continue;
    if (contents !== null) {
      throw new FileError(
        "a second document begins; a file is one, so put its entries in the one list",
        lines.linePos(found.range[0]).line,
      );
    }
    contents = found;
  }
  return { contents, lines };
}

/** Up to the first that is none: of a text that is nothing else, the library would make an error for each character. */
function* soundTokens(tokens: Iterable<CST.Token>, lines: LineCounter): Iterable<CST.Token> {
  for (const token of tokens) {
    if (token.type === "error") throw new FileError(`not YAML: ${token.message}`, lines.linePos(token.offset).line);
    yield token;
  }
}

/** The library's reader calls itself for what is nested. */
function* safely<T>(items: Iterable<T>): Iterable<T> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(
      error instanceof RangeError ? TOO_DEEP : `not YAML: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const TAGS = ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`);

/** How a node is to be read. */
interface Place {
  /** Whether as YAML has it, rather than as text. */
  typed: boolean;
  depth: number;
  /** Whether by an alias. */
  referred: boolean;
}

class Reader {
  readonly #lines: LineCounter;
  readonly #budget: Budget;
  readonly #anchors = new Map<string, Node>();
  readonly #targets = new Map<Alias, Node>();
  /** What is being read: an alias to one of these stands in itself. */
  readonly #open = new Set<Node>();
  #faults: string[] = [];

  constructor(lines: LineCounter, budget: Budget) {
    this.#lines = lines;
    this.#budget = budget;
  }

  /** Reads an entry; what can't be read says which it is. */
  within<T>(node: unknown, entry: number, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FileError || error instanceof BudgetError)) throw error;
      const line = error instanceof FileError ? error.line : undefined;
      throw new FileError(error.message, line ?? this.#lineOf(node), entry);
    }
  }

  /** Finds what every alias refers to: the last of that name before it. */
  find(node: unknown, depth: number): void {
    if (depth > LIMITS.depth) throw new FileError(TOO_DEEP, this.#lineOf(node));
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target) this.#targets.set(node, target);
      return;
    }
    if ((isScalar(node) || isSeq(node) || isMap(node)) && node.anchor !== undefined)
      this.#anchors.set(node.anchor, node);
    if (isSeq(node)) for (const item of node.items) this.find(item, depth + 1);
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        this.find(key, depth + 1);
        this.find(value, depth + 1);
      }
    }
  }

  item(node: unknown): Item {
    this.#faults = [];
    const value = this.#read(node, { typed: false, depth: 1, referred: false });
    const held = isMap(node) ? node.items.map((pair) => pair.value) : [];
    const anchored = [node, ...held].some((one) => (isScalar(one) || isSeq(one) || isMap(one)) && one.anchor);
    return { line: this.#lineOf(node) ?? 1, value, faults: this.#faults, anchored };
  }

  #read(node: unknown, place: Place): unknown {
    if (place.depth > LIMITS.depth) throw new FileError(TOO_DEEP, this.#lineOf(node));
    if (isAlias(node)) {
      const target = this.#targets.get(node);
      if (!target) return this.#fault(node, `*${node.source} refers to nothing: no &${node.source} stands before it`);
      if (this.#open.has(target)) return this.#fault(node, `*${node.source} refers to what it stands in`);
      return this.#read(target, { ...place, referred: true });
    }
    if (!isScalar(node) && !isSeq(node) && !isMap(node)) return null;
    if (place.referred) this.#budget.spend(1 + (isScalar(node) ? (node.source ?? "").length : 0));
    if (node.tag !== undefined && !TAGS.includes(node.tag))
      return this.#fault(node, `the tag ${node.tag} is not taken`);
    if (isScalar(node)) {
      if (place.typed || node.value === null || typeof node.value === "string") return node.value;
      return node.source ?? "";
    }
    this.#open.add(node);
    const below = { ...place, depth: place.depth + 1 };
    const value = isSeq(node) ? node.items.map((item) => this.#read(item, below)) : this.#map(node, below);
    this.#open.delete(node);
    return value;
  }

  #map(node: YAMLMap, place: Place): Record<string, unknown> {
    const own = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      const name = this.#key(key, place);
      if (name === undefined) continue;
      if (own.has(name)) this.#fault(key, `the key ${shown(name)} stands twice`);
      const read = this.#read(value, { ...place, typed: place.typed || name === "parameters" });
      own.set(name, read);
      if (!isMergeKey(key)) continue;
      const sources: unknown[] = Array.isArray(read) ? read : [read];
      if (!sources.every(isRecord)) this.#fault(key, "<<: takes a map, or a list of maps");
      // of two maps that are merged, the earlier one counts
      for (const source of sources.filter(isRecord))
        for (const [inherited, one] of Object.entries(source)) if (!merged.has(inherited)) merged.set(inherited, one);
    }
    if (node.items.some(({ key }) => isMergeKey(key))) own.delete("<<");
    for (const [name, one] of own) merged.set(name, one);
    return Object.fromEntries(merged);
  }

  #key(node: unknown, place: Place): string | undefined {
    const name = this.#read(node, { ...place, typed: false });
    if (typeof name === "string" && name !== "" && name !== "__proto__") return name;
    this.#fault(node, `${shown(name)} is no key; it takes a text`);
    return undefined;
  }

  /** Keeps it; there is no value then. */
  #fault(node: unknown, message: string): null {
    const line = this.#lineOf(node);
    this.#faults.push(line === undefined ? message : `${message} (line ${line})`);
    return null;
  }

  #lineOf(node: unknown): number | undefined {
    const range = isAlias(node) || isScalar(node) || isSeq(node) || isMap(node) ? node.range : undefined;
    return range ? this.#lines.linePos(range[0]).line : undefined;
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.source === "<<";
}
