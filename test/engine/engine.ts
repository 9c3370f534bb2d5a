import { automation } from "@pulumi/pulumi";
import { spawn, type ChildProcess } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { tool } from "../../tools/find.ts";
import { Processes } from "../support/processes.ts";
import type { KubernetesObject } from "../../lab/kubernetes/object.ts";
import { ended, recorder, type Operation, type Printed } from "./command.ts";
import { LanguageHost } from "./language.ts";
import { Providers, type EngineApi } from "./providers.ts";

export const ROOT = resolve(import.meta.dirname, "../..");
const PASSPHRASE = "correct horse battery staple";

/** A value of the stack's configuration; dots and brackets in the key lead into maps and lists. */
export interface Setting {
  key: string;
  value: string;
  secret?: boolean;
}

/**
 * The Pulumi CLI with one stack of this project, its state in a temporary folder. The program is the real one; the
 * providers are those of this suite, each a process of its own.
 */
export class Engine {
  /** The project's folder: Pulumi*.yaml are copies, as the CLI writes to them; all else leads to the repository. */
  readonly project: string;
  /** The backend's folder. */
  readonly state: string;
  readonly #processes: Processes;
  readonly #language: LanguageHost;
  readonly #providers: Providers;
  readonly #cluster: EngineApi;
  readonly #cli: string;
  readonly #name: string;
  readonly #operations: Promise<unknown>[] = [];
  #environment: Record<string, string> = {};
  #stack: automation.Stack | undefined;

  private constructor(name: string, cluster: EngineApi, cli: string, processes: Processes, language: LanguageHost) {
    this.#name = name;
    this.#cluster = cluster;
    this.#cli = cli;
    this.#processes = processes;
    this.#language = language;
    this.#providers = new Providers(processes, cluster);
    this.project = join(processes.folder, "project");
    this.state = join(processes.folder, "state");
  }

  /** @param name of the stack, whose Pulumi.NAME.yaml is used; `settings` change it */
  static async start(name: string, cluster: EngineApi, settings: readonly Setting[] = []): Promise<Engine> {
    const cli = await tool("pulumi");
    const processes = new Processes("response-engine-pulumi");
    const language = await LanguageHost.start(join(processes.folder, "compiled"));
    const engine = new Engine(name, cluster, cli, processes, language);
    try {
      await engine.#prepare(settings);
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  get stack(): automation.Stack {
    if (!this.#stack) throw new Error("the engine has not been started");
    return this.#stack;
  }

  async #prepare(settings: readonly Setting[]): Promise<void> {
    const { folder } = this.#processes;
    for (const path of [this.project, this.state, join(folder, "bin"), join(folder, "home")]) mkdirSync(path);
    // a file where the CLI would keep a folder of debug logs, the writing of which takes half of its time
    writeFileSync(join(folder, "home", "logs"), "");
    for (const entry of readdirSync(ROOT)) {
      if (/^Pulumi(\.\w+)?\.yaml$/.test(entry)) copyFileSync(join(ROOT, entry), join(this.project, entry));
      else if (!entry.startsWith(".")) symlinkSync(join(ROOT, entry), join(this.project, entry));
    }
    symlinkSync(this.#cli, join(folder, "bin", "pulumi"));
    this.#environment = {
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      HOME: folder,
      PULUMI_HOME: join(folder, "home"),
      // Without a file of attributes beside each of the state, which the CLI has no use for, and a kill can leave empty.
      PULUMI_BACKEND_URL: `file://${this.state}?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // The state is written once, at the end; an `up` to be killed is started without this.
      PULUMI_SKIP_CHECKPOINTS: "true",
      PULUMI_DEBUG_LANGUAGES: `nodejs:${this.#language.port}`,
      PULUMI_DEBUG_PROVIDERS: await this.#providers.addresses({}),
    };
    this.#stack = await automation.LocalWorkspace.createOrSelectStack(
      { stackName: this.#name, workDir: this.project },
      {
        pulumiHome: join(folder, "home"),
        pulumiCommand: await automation.PulumiCommand.get({ root: folder }),
        envVars: this.#environment,
        secretsProvider: "passphrase",
      },
    );
    await this.set(settings);
    cpSync(this.state, `${this.state}.new`, { recursive: true });
  }

  async set(settings: readonly Setting[]): Promise<void> {
    const config = settings.map(({ key, value, secret = false }) => [key, { value, secret }]);
    await this.stack.setAllConfig(Object.fromEntries(config) as automation.ConfigMap, true);
  }

  /** Runs something under other settings, and puts the former values back. */
  async with<Result>(settings: readonly Setting[], run: () => Promise<Result>): Promise<Result> {
    const path = join(this.project, `Pulumi.${this.#name}.yaml`);
    const before = readFileSync(path);
    await this.set(settings);
    try {
      return await run();
    } finally {
      writeFileSync(path, before);
    }
  }

  /** Runs something under further environment variables, which the program and the Kubernetes provider see too. */
  async withEnvironment<Result>(variables: Record<string, string>, run: () => Promise<Result>): Promise<Result> {
    const before = this.#environment;
    this.#environment = { ...before, ...variables, PULUMI_DEBUG_PROVIDERS: await this.#providers.addresses(variables) };
    this.#language.environment = variables;
    try {
      return await run();
    } finally {
      this.#environment = before;
      this.#language.environment = {};
    }
  }

  async up(): Promise<Operation> {
    const { steps, onEvent } = recorder();
    const { outputs } = await this.#followed(this.stack.up({ onEvent, continueOnError: false, color: "never" }));
    return {
      steps,
      outputs: Object.fromEntries(Object.entries(outputs).map(([key, { value }]) => [key, value as unknown])),
    };
  }

  /** @returns how many resources stayed the same, were changed, and so on */
  async refresh(): Promise<Record<string, number>> {
    const { summary } = await this.#followed(this.stack.refresh({ color: "never" }));
    return { ...summary.resourceChanges };
  }

  async destroy(): Promise<void> {
    await this.#followed(this.stack.destroy({ color: "never" }));
  }

  /** Forgets the state: the stack is as if it had never been up. */
  reset(): void {
    rmSync(this.state, { recursive: true });
    cpSync(`${this.state}.new`, this.state, { recursive: true });
  }

  /** Runs the CLI as a person would, and returns what they would see. */
  async print(...args: string[]): Promise<Printed> {
    return await this.#followed(ended(this.#spawn(args)));
  }

  /**
   * Starts an `up` and kills it, with all that runs for it, at the moment when the API has created an object that is the
   * one, and has not told so yet.
   * @param isIt is asked about each, and told how many there were with it
   * @throws Error with what it printed, if it came to its end
   */
  async upKilledAt(isIt: (created: KubernetesObject, count: number) => boolean): Promise<void> {
    const child = this.#spawn(["up", "--yes", "--skip-preview"], { PULUMI_SKIP_CHECKPOINTS: "false" });
    let count = 0;
    this.#cluster.onCreated = (object) => {
      count += 1;
      if (child.pid === undefined || !isIt(object, count)) return;
      this.#cluster.onCreated = undefined;
      process.kill(-child.pid, "SIGKILL");
    };
    const { output } = await this.#followed(ended(child));
    this.#cluster.onCreated = undefined;
    if (child.signalCode !== "SIGKILL") throw new Error(`the \`up\` was to be killed, and ended before:\n${output}`);
  }

  #spawn(args: readonly string[], environment: Record<string, string> = {}): ChildProcess {
    const child = spawn(this.#cli, [...args, "--stack", this.#name, "--non-interactive", "--color", "never"], {
      cwd: this.project,
      env: { ...process.env, ...this.#environment, ...environment },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return child;
  }

  /** Notes what runs the CLI, for `stop` to see to where a test gives it up. */
  #followed<Result>(operation: Promise<Result>): Promise<Result> {
    this.#operations.push(operation);
    return operation;
  }

  async stop(): Promise<void> {
    this.#language.stop();
    await this.#processes.stop();
    // a CLI that still runs ends when its providers are gone, and makes the folder again to write its state
    await Promise.allSettled(this.#operations);
    rmSync(this.#processes.folder, { recursive: true, force: true });
  }
}
