import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

import type { Recipe, ToolName } from "./recipes.ts";

/** The folder that holds every build: `response-engine-tools` in XDG_CACHE_HOME, or in ~/.cache. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "response-engine-tools");
}

/**
 * The folder of one build. Its name changes with all that decides what is built, so a folder that exists is always
 * the right one, and one checkout never spoils another's.
 */
export async function cached(name: ToolName, recipe: Recipe, environment: NodeJS.ProcessEnv): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(await readFile(join(recipe.folder, file)));
  hash.update(JSON.stringify([recipe.package, recipe.variables, process.platform, process.arch]));
  return join(cacheFolder(environment), `${name}-${recipe.version}-${hash.digest("hex").slice(0, 16)}`);
}
