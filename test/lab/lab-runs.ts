import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../lab/main.ts", import.meta.url));
export const ALERTS = fileURLToPath(new URL("../../lab/alerts/", import.meta.url));

/** A run of the lab as a process. */
type Lab = ChildProcessWithoutNullStreams;

/** What the lab says with `--json`. */
export type Line = { event: string } & Record<string, unknown>;

/** What came of a run. */
export interface Result {
  code: number | null;
  /** With `--json`, else none. */
  lines: Line[];
  stdout: string;
  stderr: string;
}

/** Runs of the lab that write to one folder, so that what they leave can be seen. */
class LabRuns {
  #folder = "";
  readonly #running = new Set<Lab>();

  /** Where files of a test's own may be put. */
  get folder(): string {
    return this.#folder;
  }

  open(): void {
    this.#folder = mkdtempSync(join(tmpdir(), "lab-test-"));
  }

  start(args: string[]): Lab {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, TMPDIR: this.#folder, NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    return child;
  }

  /** Runs it to its end. */
  async run(args: string[], stdin = ""): Promise<Result> {
    const child = this.start(args);
    child.stdin.on("error", () => undefined).end(stdin);
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = (await once(child, "close")) as [number | null];
    const [stdout, stderr] = await said;
    return { code, lines: args.includes("--json") ? linesOf(stdout) : [], stdout, stderr };
  }

  /** Names of what the lab's runs have left. */
  async leftOver(): Promise<string[]> {
    return (await readdir(this.#folder)).filter((name) => name.startsWith("response-engine-lab-"));
  }

  /** Ends what a failed test has left running, and removes the folder. */
  async close(): Promise<void> {
    for (const child of this.#running) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(this.#folder, { recursive: true });
  }
}

/** Runs of the lab for the tests of a suite. */
export function useLabRuns(): LabRuns {
  const runs = new LabRuns();
  before(() => {
    runs.open();
  });
  after(async () => {
    await runs.close();
  });
  return runs;
}

/** Calls back on every line that a run started with `--json` says. */
export function onLine(child: Lab, callback: (line: Line) => void): void {
  createInterface({ input: child.stdout }).on("line", (line) => {
    callback(JSON.parse(line) as Line);
  });
}

function linesOf(stdout: string): Line[] {
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Line);
}
