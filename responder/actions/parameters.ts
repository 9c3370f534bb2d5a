import { shown } from "../json.ts";

/** A fragment of JSON Schema, draft-07. */
export type Schema = Readonly<Record<string, unknown>>;

/** A parameter's meaning, what it may be, and how a value of a rules file is read. */
export interface Parameter<T> {
  description: string;
  /** What a value may be, for the error message and the documentation. */
  allowed: string;
  default: T;
  /** Whether a rules file must give it. */
  required?: boolean;
  /** What an editor may take for a value, a little more than `parse` at most; absent: anything. */
  schema?: Schema;
  /** The value as the action wants it; undefined where it is not allowed. */
  parse: (value: unknown, readFile: ReadFile) => T | undefined;
}

/** Gives a file's text. @throws {Error} that says why it can't */
export type ReadFile = (path: string) => string;

/** The message names the parameter, its value and what is allowed. */
export class ParameterError extends Error {
  override name = "ParameterError";
}

export function noFiles(): never {
  throw new Error("no files are at hand here");
}

export function read<T>(
  name: string,
  value: unknown,
  { allowed, default: otherwise, required, parse }: Parameter<T>,
  readFile: ReadFile,
): T {
  if (value === undefined || value === null) {
    if (required) throw new ParameterError(`parameters.${name}: is missing; it takes ${allowed}`);
    return otherwise;
  }
  const parsed = parse(value, (path) => {
    try {
      return readFile(path);
    } catch (error) {
      throw new ParameterError(`parameters.${name}: ${shown(path)} can't be read: ${(error as Error).message}`);
    }
  });
  if (parsed === undefined) {
    throw new ParameterError(`parameters.${name}: ${shown(value)} is not allowed; it takes ${allowed}`);
  }
  return parsed;
}

/** A yes or no, also as the string that Talon's files may hold. */
export function flag(description: string): Parameter<boolean> {
  return {
    description,
    allowed: "true or false",
    schema: { enum: [true, false, "true", "false"] },
    default: false,
    parse: (value) => {
      if (typeof value === "boolean") return value;
      return value === "true" ? true : value === "false" ? false : undefined;
    },
  };
}

/** Any text that is not empty. */
export function text(description: string, allowed: string, otherwise = ""): Parameter<string> {
  return {
    description,
    allowed,
    schema: { type: "string", minLength: 1 },
    default: otherwise,
    parse: (value) => (typeof value === "string" && value !== "" ? value : undefined),
  };
}

/** A list of texts, each read by `item`; empty where it isn't given. */
export function list<T>(
  description: string,
  allowed: string,
  item: (value: string) => T | undefined,
): Parameter<readonly T[]> {
  return {
    description,
    allowed: `a list of ${allowed}`,
    schema: { type: "array", items: { type: "string" } },
    default: [],
    parse: (value) => {
      if (!Array.isArray(value)) return undefined;
      const items = value.map((one: unknown) => (typeof one === "string" ? item(one) : undefined));
      return items.every((one) => one !== undefined) ? items : undefined;
    },
  };
}

/** What `wholeNumber` takes. */
export const WHOLE_NUMBER: Schema = {
  type: ["integer", "string"],
  minimum: 0,
  maximum: 999_999_999,
  pattern: "^\\d{1,9}$",
};

/** A number or text that is a whole number, 0 or more; undefined otherwise. */
export function wholeNumber(value: unknown): number | undefined {
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** A whole number of something, 1 or more, for a parameter's declaration. */
export function positive(unit: string): Pick<Parameter<number>, "allowed" | "parse" | "schema"> {
  return {
    allowed: `a whole number of ${unit}, 1 or more`,
    parse: (value) => wholeNumber(value) || undefined,
    schema: { ...WHOLE_NUMBER, minimum: 1 },
  };
}
