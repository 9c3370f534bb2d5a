import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { build } from "./build.ts";
import { cached } from "./cache.ts";
import { ToolError } from "./error.ts";
import { recipes, type Recipe, type ToolName } from "./recipes.ts";

export type { ToolName } from "./recipes.ts";

export interface FindOptions {
  /** What names the program, the PATH and the cache; `process.env` when left out. */
  environment?: NodeJS.ProcessEnv;
  /** Takes a line of progress for the person who waits; written to stderr when left out. */
  progress?: (line: string) => void;
}

/**
 * The path of a program that the integration suites run. The first of these that there is:
 * 1. the one that an environment variable names: PULUMI_BIN, TEST_ASSET_ETCD, TEST_ASSET_KUBE_APISERVER (files),
 *    KUBEBUILDER_ASSETS (a folder), whatever its version;
 * 2. one on the PATH whose version will do;
 * 3. one that an earlier call built into the cache (see {@link cached});
 * 4. a new build of the version pinned under `tools/`, which takes minutes and ends in the cache.
 *
 * @throws ToolError when a variable names a file that cannot be run, or the build is not possible or fails.
 */
export async function tool(name: ToolName, options: FindOptions = {}): Promise<string> {
  const environment = options.environment ?? process.env;
  const progress = options.progress ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const recipe = recipes[name];
  return (
    (await namedByEnvironment(name, recipe, environment)) ??
    (await onPath(name, recipe, environment, progress)) ??
    (await cachedBuild(name, recipe, environment)) ??
    (await build(name, recipe, { environment, progress }))
  );
}

async function namedByEnvironment(
  name: ToolName,
  recipe: Recipe,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  for (const { variable, holds } of recipe.environment) {
    const value = environment[variable];
    if (!value) continue;
    const path = holds === "file" ? value : join(value, name);
    if (await runnable(path)) return path;
    // a folder may hold some of the programs only, as envtest's does: the rest is looked for elsewhere
    if (holds === "file")
      throw new ToolError(
        `${variable} is ${value}, which is not a program that can be run.`,
        `Set it to the path of ${name}, or unset it.`,
      );
  }
  return undefined;
}

async function onPath(
  name: ToolName,
  recipe: Recipe,
  environment: NodeJS.ProcessEnv,
  progress: (line: string) => void,
): Promise<string | undefined> {
  for (const directory of (environment["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, name);
    if (directory === "" || !(await runnable(path))) continue;
    const version = await printedVersion(path, recipe, environment);
    if (recipe.accepts.test(version)) return path;
    progress(
      `${name}: ${path} says it is ${JSON.stringify(version.split("\n")[0])}; ${recipe.accepted} is needed, so it is passed over.`,
    );
  }
  return undefined;
}

async function printedVersion(path: string, recipe: Recipe, environment: NodeJS.ProcessEnv): Promise<string> {
  try {
    const options = { env: { ...environment, PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: 20_000 };
    return (await promisify(execFile)(path, recipe.versionArguments, options)).stdout.trim();
  } catch {
    return "";
  }
}

async function cachedBuild(
  name: ToolName,
  recipe: Recipe,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const path = join(await cached(name, recipe, environment), name);
  return (await runnable(path)) ? path : undefined;
}

async function runnable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
