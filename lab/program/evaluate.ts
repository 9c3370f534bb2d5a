import { fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse } from "yaml";

/** A resource the program registered, as the engine would have received it. */
export interface ProgramResource {
  /** Pulumi's type token, such as `kubernetes:core/v1:ConfigMap`. */
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** Name of the component it belongs to; absent for what index.ts makes itself. */
  parent?: string;
  /** Names of the resources that must exist before it, explicit and by the outputs it uses. */
  dependsOn: string[];
  /** Dotted paths of the inputs that Pulumi keeps encrypted. */
  secrets: string[];
  /** Time limits, as the engine prints them ("5m"); only those that were set. */
  timeouts: Record<string, string>;
}

/** What an evaluation of the program came to. */
export interface Program {
  resources: ProgramResource[];
  /** The stack's outputs: every export of index.ts. */
  outputs: Record<string, unknown>;
}

export interface ProgramOptions {
  /** The stack whose `Pulumi.STACK.yaml` is read. */
  stack: string;
  /** Values that take the place of the stack's, by key ("falcoDriver", "knative:install"). */
  config?: Record<string, unknown>;
}

/** What is sent to the child process that runs the program. */
export interface Evaluation {
  project: string;
  stack: string;
  /** By full key, values as Pulumi hands them to a program: text, or JSON. */
  config: Record<string, string>;
}

/** What comes back. */
export type EvaluationResult = { program: Program } | { error: string };

const ROOT = resolve(import.meta.dirname, "../..");

/**
 * Evaluates index.ts for one stack under Pulumi's mocks: no engine, no cluster, no registry. Configuration is
 * read from the real Pulumi.yaml and Pulumi.STACK.yaml. With `knative:install` true the manifests are read
 * from where `knative:manifests` says, by default over the network; false needs none.
 *
 * Runs in a process of its own, since Pulumi keeps its state in globals and Node evaluates a module once.
 * @throws with the program's own message where the program stops.
 */
export async function evaluateProgram({ stack, config = {} }: ProgramOptions): Promise<Program> {
  const evaluation = await readStack(stack, { "knative:checkCluster": false, ...config });
  const child = fork(resolve(import.meta.dirname, "child.ts"), {
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const result = await new Promise<EvaluationResult>((settle, reject) => {
    child.once("message", (message) => {
      settle(message as EvaluationResult);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      settle({ error: complaints.trim() || `the program ended with exit code ${String(code)}` });
    });
    child.send(evaluation);
  });
  if ("error" in result) throw new Error(result.error);
  return result.program;
}

interface ProjectFile {
  name: string;
  config: Record<string, { default?: unknown; value?: unknown } | string | number | boolean>;
}

/**
 * Merges the defaults of Pulumi.yaml, the values of Pulumi.STACK.yaml and the overrides (by key, the project's
 * own without its name) the way the engine does.
 */
export async function readStack(stack: string, overrides: Record<string, unknown> = {}): Promise<Evaluation> {
  const project = (await readYaml("Pulumi.yaml")) as ProjectFile;
  const settings = (await readYaml(`Pulumi.${stack}.yaml`)) as { config?: Record<string, unknown> } | null;
  const defaults = Object.entries(project.config).map(([key, declared]): [string, unknown] => [
    key,
    typeof declared === "object" ? (declared.default ?? declared.value) : declared,
  ]);
  const config: Record<string, string> = {};
  for (const [key, value] of [...defaults, ...Object.entries(settings?.config ?? {}), ...Object.entries(overrides)]) {
    if (value === undefined) continue;
    config[key.includes(":") ? key : `${project.name}:${key}`] = textOf(value);
  }
  return { project: project.name, stack, config };
}

async function readYaml(file: string): Promise<unknown> {
  return parse(await readFile(resolve(ROOT, file), "utf8")) as unknown;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (isEncrypted(value)) return UNREADABLE;
  return JSON.stringify(value, (_key, one: unknown) => (isEncrypted(one) ? UNREADABLE : one));
}

/** Stands for an encrypted value, which can't be read without the stack's passphrase: no mock needs the true one. */
const UNREADABLE = "a-secret-of-the-stack";

function isEncrypted(value: unknown): boolean {
  return typeof value === "object" && value !== null && "secure" in value;
}
