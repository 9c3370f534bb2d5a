import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Reads process ids until the process that writes them is gone, whatever it died of; then clears away what is left. */
const watchdog = `
pids=
while read -r line; do
  if [ "$line" = stopped ]; then exit; fi
  pids="$pids $line"
done
kill -9 $pids
rm -rf "$0"
`;

/**
 * Programs that run in the background, and the temporary folder that they write to. Both are gone after `stop`, and
 * also when this process ends without it, be it by SIGKILL.
 */
export class Processes {
  readonly folder: string;
  readonly #running = new Map<string, ChildProcess>();
  readonly #watchdog: ChildProcess;
  #failure: Error | undefined;

  /** @param name the first part of the temporary folder's name */
  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `${name}-`));
    // detached: Ctrl-C at the terminal reaches the whole foreground group, and is not meant for it
    this.#watchdog = spawn("sh", ["-c", watchdog, this.folder], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#watchdog.unref();
    (this.#watchdog.stdin as Socket).unref();
  }

  /** Starts a program whose output goes to `<name>.log` in the folder. */
  start(name: string, path: string, args: readonly string[]): void {
    const log = openSync(this.#log(name), "a");
    const child = spawn(path, args, { cwd: this.folder, stdio: ["ignore", log, log] });
    closeSync(log);
    if (child.pid !== undefined) this.#watchdog.stdin?.write(`${child.pid}\n`);
    this.#running.set(name, child);
    child.once("error", (error) => (this.#failure ??= error));
    child.once("exit", (code, signal) => {
      if (!this.#running.delete(name)) return;
      this.#failure ??= new Error(
        `${name} ended (${signal ?? `exit code ${code ?? "unknown"}`}). Its last lines:\n${this.#lastLines(name)}`,
      );
    });
  }

  /** @throws the reason, with its last lines, if one of the programs has ended. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** The last lines of each program's log, for a message. */
  logs(): string {
    return [...this.#running.keys()].map((name) => `${name}:\n${this.#lastLines(name)}`).join("\n");
  }

  /** Ends the programs at once, as nothing of theirs is to be kept, and removes the folder. */
  async stop(): Promise<void> {
    const children = [...this.#running.values()].filter(({ pid }) => pid !== undefined);
    this.#running.clear();
    const exits = children.map((child) => once(child, "exit"));
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(exits);
    rmSync(this.folder, { recursive: true, force: true });
    this.#watchdog.stdin?.end("stopped\n");
  }

  #log(name: string): string {
    return join(this.folder, `${name}.log`);
  }

  #lastLines(name: string): string {
    return readFileSync(this.#log(name), "utf8").trimEnd().split("\n").slice(-12).join("\n");
  }
}
