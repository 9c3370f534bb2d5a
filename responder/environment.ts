import { NotAllowed, namespacedNameOf, type NamespacedName } from "./formats.ts";
import { parsed } from "./json.ts";
import type { Settings, ValuesOf } from "./settings.ts";

/** The environment is not as the stack sets it; a line of the message per variable, with its value and what it takes. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}

/** @throws {EnvironmentError} */
export function readEnvironment<S extends Settings>(settings: S, environment = process.env): ValuesOf<S> {
  const problems: string[] = [];
  const values = Object.entries(settings).map(([name, { variable, format, default: otherwise }]) => {
    const given = environment[variable] ?? "";
    const isList = format.type === "array";
    const isMap = format.type === "object";
    // an empty list is told as one
    const isSet = isList ? environment[variable] !== undefined : given !== "";
    if (!isSet && otherwise !== undefined) return [name, otherwise] as const;
    try {
      return [name, format.read(isList ? itemsOf(given) : isMap ? (parsed(given) ?? given) : given)] as const;
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      problems.push(`${variable}: ${error.message}`);
      return [name, undefined] as const;
    }
  });
  if (problems.length > 0) throw new EnvironmentError(problems.join("\n"));
  return Object.fromEntries(values) as ValuesOf<S>;
}

function itemsOf(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  return items.filter((item) => item !== "");
}

/** The environment by which `readEnvironment` gives these values; what isn't given is left to its default. */
export function environmentOf<S extends Settings>(settings: S, values: Partial<ValuesOf<S>>): Record<string, string> {
  const given = Object.entries(settings).flatMap(([name, { variable }]) => {
    const value: unknown = values[name];
    return value === undefined ? [] : [[variable, textOf(value)] as const];
  });
  return Object.fromEntries(given);
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(",");
  if (isNamespacedName(value)) return namespacedNameOf(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isNamespacedName(value: unknown): value is NamespacedName {
  return typeof value === "object" && value !== null && "namespace" in value && "name" in value;
}

const WIDTH = 100;

/** What `--help` says of the environment: a paragraph per variable. */
export function helpOf(settings: Settings): string {
  const paragraphs = Object.values(settings).map(({ variable, format, default: otherwise, help }) => {
    const unset = otherwise === undefined ? "" : textOf(otherwise);
    const how = { array: "With commas between its items, it takes", object: "As JSON, it takes" };
    const takes = `${format.type === "array" || format.type === "object" ? how[format.type] : "Takes"} ${format.allowed}.`;
    const words = [help, takes, ...(unset === "" ? [] : [`Not set: ${unset}.`])].join(" ").split(" ");
    return `  ${variable}\n${wrap(words, "      ")}`;
  });
  return paragraphs.join("");
}

function wrap(words: readonly string[], indent: string): string {
  let lines = "";
  let line = indent;
  for (const word of words) {
    if (line !== indent && line.length + word.length > WIDTH) {
      lines += `${line.trimEnd()}\n`;
      line = indent;
    }
    line += `${word} `;
  }
  return `${lines}${line.trimEnd()}\n`;
}
