import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { LIMITS } from "../../responder/rules/limits.ts";
import { loadRules, RulesError } from "../../responder/rules/load.ts";
import { readRulesFile } from "../../responder/rules/read-file.ts";
import type { Rule } from "../../responder/rules/rule.ts";
import type { RulesFile } from "../../responder/rules/entries.ts";
import { KEYS } from "../config/settings.ts";
import { StackError } from "../stack-error.ts";

const { key: KEY } = KEYS.responder.rules;

/** Response rules, checked, with the files they came from. */
export interface ResponseRules {
  files: RulesFile[];
  /** The files that the rules' parameters name, by path as it stands there. */
  named: Map<string, string>;
  rules: Rule[];
}

/** How the responder will read them. */
export interface ReadOptions {
  /** Whether all of them run dry. */
  dryRun: boolean;
  /** Seconds after which the service gives up an alert. */
  timeoutSeconds: number;
  /** Whether a rule that can't be used is left out, with a warning. */
  skipBroken?: boolean;
}

/**
 * Reads rules files, merged in order, as the responder will, and warns of what has no effect.
 * @param paths absolute, or relative to the project's folder
 * @throws {StackError} for a file that can't be read or is no rules file.
 */
export function readRules(paths: readonly string[], options: ReadOptions): ResponseRules {
  const files = paths.map((path) => ({ name: path, text: readPath(path) }));
  const named = new Map<string, string>();
  const readNamed = (path: string): string => {
    const text = readRulesFile(inProject(path));
    named.set(path, text);
    return text;
  };
  const onWarning = (warning: string) => {
    void pulumi.log.warn(`The response rules: ${warning}`);
  };
  try {
    const rules = loadRules(files, { ...options, readFile: readNamed, onWarning });
    checkSize(files, named);
    return { files, named, rules };
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    throw new StackError(`The response rules can't be used:\n${error.message}`, `Correct the file, or change ${KEY}.`);
  }
}

/** They come to the responder in one ConfigMap. */
function checkSize(files: readonly RulesFile[], named: ReadonlyMap<string, string>): void {
  const texts = [...files.map(({ text }) => text), ...named.values()];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= LIMITS.bytes) return;
  throw new StackError(
    `The rules files and the files that they name have ${bytes} bytes; a ConfigMap holds ${LIMITS.bytes}: ` +
      [...files.map(({ name }) => name), ...named.keys()].join(", "),
    "Name fewer files, or smaller ones.",
  );
}

function readPath(path: string): string {
  try {
    return readRulesFile(inProject(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StackError(`The rules file ${path} can't be read: ${reason}`, `Change ${KEY}, the list of rules files.`);
  }
}

function inProject(path: string): string {
  return resolve(import.meta.dirname, "../..", path);
}

/** A line for people about a rule: what it answers, and with what. */
export function summaryOf({ name, match, actions, dryRun }: Rule): string {
  const alerts = match.rules.length > 0 ? match.rules.map((rule) => `"${rule}"`).join(" or ") : "any alert";
  const actionners = actions.map(({ actionner }) => actionner.name).join(", ");
  return `${name}: ${alerts} -> ${actionners}${dryRun ? " (dry run)" : ""}`;
}
