import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { build } from "../responder/build.ts";
import type { Order, Settings, Times } from "./bare-client.ts";

/** The bare client's process. */
export interface BareClient {
  pid: number;
  /** Milliseconds from the start of the process to its first answered DELETE, or to being ready where it has none. */
  startup: number;
  remove(order: Order): Promise<Times>;
  stop(): Promise<void>;
}

/** Bundles it, with the settings that the responder's bundle has. */
export function buildBareClient(folder: string): Promise<string> {
  return build(join(folder, "bare-client.mjs"), join(import.meta.dirname, "bare-client.ts"));
}

/** @param settings.first a pod that it is to delete as soon as it can */
export async function startBareClient(bundle: string, settings: Settings): Promise<BareClient> {
  const started = performance.now();
  const child = fork(bundle, [JSON.stringify(settings)], {
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await message(child);
  return {
    pid: child.pid ?? 0,
    startup: performance.now() - started,
    remove: (order) => {
      child.send(order);
      return message(child) as Promise<Times>;
    },
    stop: async () => {
      const exit = once(child, "exit");
      child.kill();
      await exit;
    },
  };
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      reject(new Error("the bare client has ended"));
    };
    child.once("exit", ended);
    child.once("message", (value) => {
      child.removeListener("exit", ended);
      resolve(value);
    });
  });
}
