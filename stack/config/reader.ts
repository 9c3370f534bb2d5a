import * as pulumi from "@pulumi/pulumi";
import type { Format } from "./formats.ts";

/**
 * Reads one namespace of the stack's configuration. What is wrong with a value is noted, not thrown, so that
 * one run tells all; until `problems` has been looked at, what the readers return may be no good.
 */
export class Settings {
  readonly #config: pulumi.Config;
  readonly #prefix: string;
  readonly #asked = new Set<string>();
  readonly problems: string[];

  constructor(problems: string[], namespace?: string) {
    this.#config = new pulumi.Config(namespace);
    this.#prefix = namespace === undefined ? "" : `${namespace}:`;
    this.problems = problems;
  }

  text(key: string, format: Format): string {
    const value = this.#get(key);
    if (!format.accepts(value)) this.reject(key, `"${value}"`, format.allowed);
    return value;
  }

  /** Encrypted in the state, whether or not it is in the configuration; undefined where it is empty. */
  secret(key: string): pulumi.Output<string> | undefined {
    return this.#get(key) ? this.#config.getSecret(key) : undefined;
  }

  integer(key: string, least: number, most: number): number {
    const text = this.#get(key);
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) this.reject(key, `"${text}"`, `a whole number from ${least} to ${most}`);
    return value;
  }

  flag(key: string): boolean {
    const value = this.#get(key);
    if (value !== "true" && value !== "false") this.reject(key, `"${value}"`, "true or false");
    return value === "true";
  }

  list(key: string, least: number, format: Format): string[] {
    const value = this.#json(key);
    if (!Array.isArray(value) || value.length < least || !value.every((item) => typeof item === "string")) {
      this.reject(key, JSON.stringify(value), `a list of ${least} or more texts`);
      return [];
    }
    for (const item of value)
      if (!format.accepts(item)) this.reject(key, `"${item}"`, `a list, each item ${format.allowed}`);
    return value;
  }

  map(key: string): Record<string, unknown> {
    const value = this.#json(key) ?? {};
    if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
    this.reject(key, JSON.stringify(value), "a map");
    return {};
  }

  /** Notes that the key's value can't be used, and what can. */
  reject(key: string, value: string, allowed: string): void {
    this.problems.push(`${this.#prefix}${key}: ${value} is not allowed; it takes ${allowed}`);
  }

  /** Notes the keys that nothing has asked for, which Pulumi lets pass: to be called when all is read. */
  rejectUnknown(): void {
    const namespace = this.#prefix || `${pulumi.getProject()}:`;
    for (const key of Object.keys(pulumi.runtime.allConfig())) {
      if (!key.startsWith(namespace) || this.#asked.has(key.slice(namespace.length))) continue;
      this.problems.push(`${key.slice(namespace.length - this.#prefix.length)}: there is no such key`);
    }
  }

  #get(key: string): string {
    this.#asked.add(key);
    return this.#config.get(key) ?? "";
  }

  #json(key: string): unknown {
    const text = this.#get(key);
    try {
      return text === "" ? undefined : JSON.parse(text);
    } catch {
      return text;
    }
  }
}
