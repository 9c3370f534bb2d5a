import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { loadRules, RulesError } from "../../responder/rules/load.ts";
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

/**
 * Reads rules files, merged in order, as the responder will.
 * @param paths absolute, or relative to the project's folder
 * @param dryRun whether all of them run dry
 * @throws {StackError} for a file that can't be read or is no rules file.
 */
export async function readRules(paths: readonly string[], dryRun: boolean): Promise<ResponseRules> {
  const files = await Promise.all(
    paths.map(async (path) => {
      try {
        return { name: path, text: await readFile(inProject(path), "utf8") };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new StackError(
          `The rules file ${path} can't be read: ${reason}`,
          `Change ${KEY}, the list of rules files.`,
        );
      }
    }),
  );
  const named = new Map<string, string>();
  const readNamed = (path: string): string => {
    const text = readFileSync(inProject(path), "utf8");
    named.set(path, text);
    return text;
  };
  try {
    return { files, named, rules: loadRules(files, { dryRun, readFile: readNamed }) };
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    throw new StackError(`The response rules can't be used:\n${error.message}`, `Correct the file, or change ${KEY}.`);
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
