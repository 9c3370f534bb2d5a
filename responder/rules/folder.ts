import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ReadFile } from "../actions/parameters.ts";
import { EnvironmentError } from "../environment.ts";
import { RESPONDER } from "../settings.ts";
import type { RulesFile } from "./entries.ts";
import { readRulesFile } from "./read-file.ts";

/** The rules files of a folder, in the order of their names, and what they name, which lies beside them. @throws {EnvironmentError} */
export function rulesFrom(folder: string): { files: RulesFile[]; readFile: ReadFile } {
  const readFile: ReadFile = (path) => readRulesFile(join(folder, keyOf(path)));
  try {
    const names = readdirSync(folder)
      .filter((file) => /\.ya?ml$/.test(file))
      .sort();
    return { files: names.map((file) => ({ name: file, text: readRulesFile(join(folder, file)) })), readFile };
  } catch (error) {
    throw new EnvironmentError(
      `${RESPONDER.rulesFolder.variable}: "${folder}" can't be read: ${(error as Error).message}`,
    );
  }
}

/** What a file that a parameter names is called where the rules files lie, in a ConfigMap: no path. */
export function keyOf(path: string): string {
  return `file-${createHash("sha256").update(path).digest("hex").slice(0, 16)}`;
}
