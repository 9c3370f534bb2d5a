import * as pulumi from "@pulumi/pulumi";
import { NotAllowed } from "../../responder/formats.ts";
import type { Check } from "./checks.ts";
import { isKey, type Key, type Keys, type Read, type SecretKey } from "./settings.ts";

/**
 * Reads the stack's configuration. What is wrong with a value is noted, not thrown, so that one run tells all;
 * what is read is good for something when `problems` is empty.
 */
export class Reader {
  /** A line per problem: the key, its value, what is allowed. */
  readonly problems: string[] = [];
  readonly #asked = new Set<string>();
  readonly #refused = new Set<string>();

  read<K extends Keys>(keys: K): Read<K> {
    const values = Object.entries(keys).map(([name, one]) => [name, isKey(one) ? this.#value(one) : this.read(one)]);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Read<K>;
  }

  /** Looks at keys beside each other; at those that can't be used by themselves not again. */
  check(checks: readonly Check[], config: Parameters<Check["wish"]>[0]): void {
    for (const { key, beside, wish } of checks) {
      if ([key, ...beside].some((one) => this.#refused.has(one.key))) continue;
      const allowed = wish(config);
      if (allowed === undefined) continue;
      // what a secret is doesn't matter here, but that it is there
      const value = isSecret(key) ? "" : textOf(key);
      this.problems.push(`${key.key}: ${new NotAllowed(value, allowed).message}`);
    }
  }

  /**
   * Notes the keys that nothing has asked for, which Pulumi lets pass: to be called when all is read.
   * @param namespace undefined: the project's own
   */
  rejectUnknown(namespace?: string): void {
    const prefix = `${namespace ?? pulumi.getProject()}:`;
    for (const full of Object.keys(pulumi.runtime.allConfig())) {
      const key = namespace === undefined ? full.slice(prefix.length) : full;
      if (full.startsWith(prefix) && !this.#asked.has(key)) this.problems.push(`${key}: there is no such key`);
    }
  }

  #value(key: Key): unknown {
    this.#asked.add(key.key);
    if (isSecret(key)) return this.#secret(key);
    try {
      return key.format.read(structureOf(key));
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      this.#refused.add(key.key);
      this.problems.push(`${key.key}: ${error.message}`);
      return undefined;
    }
  }

  /** Its text, encrypted; undefined where it is empty. What it is stands in no message. */
  #secret(key: SecretKey): pulumi.Output<string> | undefined {
    const { config, name } = placeOf(key);
    if (["", "[]"].includes(textOf(key))) return undefined;
    try {
      key.format.read(structureOf(key));
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      this.#refused.add(key.key);
      this.problems.push(`${key.key}: what it is, which isn't shown, is not allowed; it takes ${key.format.allowed}`);
    }
    return config.getSecret(name);
  }
}

function isSecret(key: Key): key is SecretKey {
  return "secret" in key;
}

function placeOf({ key }: Key): { config: pulumi.Config; name: string } {
  const [name = "", namespace] = key.split(":").reverse();
  return { config: new pulumi.Config(namespace), name };
}

function textOf(key: Key): string {
  const { config, name } = placeOf(key);
  return config.get(name) ?? "";
}

/** A list or a map is JSON; what isn't is left for its format to refuse. */
function structureOf(key: Key): unknown {
  const text = textOf(key);
  if (key.format.type !== "array" && key.format.type !== "object") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
