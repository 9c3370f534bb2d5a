import { spawn } from "node:child_process";
import { mkdir, readFile, readlink, rename, rm, stat, symlink } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { cached } from "./cache.ts";
import { ToolError } from "./error.ts";
import type { Recipe, ToolName } from "./recipes.ts";

export interface BuildOptions {
  environment: NodeJS.ProcessEnv;
  progress: (line: string) => void;
}

/** Milliseconds between two lines of progress. */
const PROGRESS_INTERVAL = 15_000;

/**
 * Builds a program from its pinned Go modules into the cache and returns its path. What lies in the cache is always
 * whole: the build goes to a folder of this process, which takes its place by one rename. Of several processes that
 * want the same program one builds, the others wait for it.
 *
 * @throws ToolError when there is no Go, or the build fails.
 */
export async function build(name: ToolName, recipe: Recipe, options: BuildOptions): Promise<string> {
  const folder = await cached(name, recipe, options.environment);
  await mkdir(dirname(folder), { recursive: true });
  const release = await lock(name, folder, options.progress);
  const unfinished = unfinishedBuild(folder, process.pid);
  try {
    // another process may have finished it while this one waited
    if (!(await exists(folder))) {
      await mkdir(unfinished);
      await compile(name, recipe, join(unfinished, name), options);
      await rename(unfinished, folder).catch(async (error: unknown) => {
        // two that cleared away the same dead process's lock may both have built it: the first one's stays
        if (!(await exists(folder))) throw error;
      });
    }
    return join(folder, name);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await release();
  }
}

function unfinishedBuild(folder: string, pid: number): string {
  return `${folder}.unfinished-${pid}`;
}

/** A symbolic link is made in one step and can say who made it, so that a killed process's lock is known as such. */
async function lock(name: ToolName, folder: string, progress: (line: string) => void): Promise<() => Promise<void>> {
  const path = `${folder}.lock`;
  for (let waits = 0; ; waits++) {
    try {
      await symlink(String(process.pid), path);
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readlink(path).catch(() => NaN));
    if (Number.isNaN(owner)) continue;
    if (alive(owner)) {
      if (waits % 30 === 0) progress(`${name}: process ${owner} is building it; waiting for that (${waits} s).`);
      await sleep(1000);
    } else {
      await rm(unfinishedBuild(folder, owner), { recursive: true, force: true });
      await rm(path, { force: true });
    }
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function compile(
  name: ToolName,
  recipe: Recipe,
  output: string,
  { environment, progress }: BuildOptions,
): Promise<void> {
  const label = `${name} ${recipe.version}`;
  progress(
    `${label}: not on this machine yet, so it is built from its Go modules, once: about ${recipe.minutes} min on two cores, less if a build before it left its parts.`,
  );
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const go = spawnGo(recipe, output, environment);
  const said = follow(go.stderr);
  const timer = setInterval(() => {
    progress(`${label}: ${seconds()} s, ${said.doing}`);
  }, PROGRESS_INTERVAL);
  // a build that nobody waits for any more is not to go on
  const abandon = () => void go.kill();
  process.once("exit", abandon);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      go.once("error", reject);
      go.once("close", resolve);
    });
    if (code !== 0)
      throw new ToolError(
        `${label} could not be built; \`go build\` in ${recipe.folder} says:`,
        ...said.messages.slice(-20),
        ...otherwise(name, recipe),
      );
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOENT" ? await noGo(name, recipe) : error;
  } finally {
    clearInterval(timer);
    process.off("exit", abandon);
  }
  progress(`${label}: built in ${seconds()} s, ${Math.round((await stat(output)).size / 1e6)} MB`);
}

function spawnGo(recipe: Recipe, output: string, environment: NodeJS.ProcessEnv) {
  const linked = Object.entries(recipe.variables).map(([variable, value]) => `-X ${variable}=${value}`);
  const flags = ["-mod=readonly", "-trimpath", "-ldflags", ["-s", "-w", ...linked].join(" ")];
  // -v names each package as it is compiled: that is the progress
  const go = spawn("go", ["build", "-v", ...flags, "-o", output, recipe.package], {
    cwd: recipe.folder,
    env: { ...environment, CGO_ENABLED: "0", GOWORK: "off" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  // minutes of all cores: leave the machine usable
  if (go.pid !== undefined) setPriority(go.pid, constants.priority.PRIORITY_LOW);
  return go;
}

/** What Go says: what it is at, kept up to date, and what else it has to say. */
function follow(output: Readable): { doing: string; messages: string[] } {
  const said = { doing: "fetching modules", messages: [] as string[] };
  let packages = 0;
  createInterface({ input: output }).on("line", (line) => {
    if (line.startsWith("go: downloading ")) said.doing = `fetching ${line.slice("go: downloading ".length)}`;
    else if (/^[\w.~/-]+$/.test(line)) said.doing = `${++packages} packages compiled, now ${line}`;
    else said.messages.push(line);
  });
  return said;
}

async function noGo(name: ToolName, recipe: Recipe): Promise<ToolError> {
  const needed = /^go (\d+\.\d+)/m.exec(await readFile(join(recipe.folder, "go.mod"), "utf8"))?.[1] ?? "";
  return new ToolError(
    `${name} is not on this machine, and there is no \`go\` on the PATH to build it.`,
    `Install Go ${needed} or newer (https://go.dev/dl/) and run this again,`,
    ...otherwise(name, recipe),
  );
}

function otherwise(name: ToolName, recipe: Recipe): string[] {
  const variables = recipe.environment.map(({ variable, holds }) =>
    holds === "file" ? variable : `${variable} (its folder)`,
  );
  return [`or have ${name} ${recipe.accepted} on the PATH or named by ${variables.join(" or ")}.`];
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
