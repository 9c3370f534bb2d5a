import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { isMap } from "../responder/json.ts";
import type { ServiceObject } from "./program/objects.ts";

/** A line of a service's log. */
export type LogLine = Record<string, unknown>;

/** A program's Service, running as a process of this machine. */
export interface RunningService {
  name: string;
  pid: number;
  url: string;
  metricsUrl: string;
  /** Milliseconds from the start of the process to its ready line. */
  startup: number;
  /** Ends it as Kubernetes does: SIGTERM, and SIGKILL where that isn't enough. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** The bundle to run. */
  bundle: string;
  /** A folder of the service's own, for what would be mounted. */
  folder: string;
  /** Local addresses by the origin of a cluster address, for those in the environment. */
  addresses: Readonly<Record<string, string>>;
  /** A kubeconfig's text, where the pod would get a token. */
  kubeconfig: string | undefined;
  onLog: (line: LogLine) => void;
  /** Called when it ends without having been stopped. */
  onExit: (reason: string) => void;
}

/** Milliseconds after which a service that says nothing of being ready is taken for stuck. */
const READY_TIMEOUT = 60_000;
/** Milliseconds that it is given to end by itself. */
const STOP_TIMEOUT = 5_000;

/**
 * Starts a Service's container as a child process, with its environment, arguments and files, on free ports.
 *
 * @throws Error with the service's own words when it doesn't get ready
 */
export async function startService(
  service: ServiceObject,
  { bundle, folder, addresses, kubeconfig, onLog, onExit }: ServiceOptions,
): Promise<RunningService> {
  const env = await environmentOf(service, folder, addresses, kubeconfig);
  const start = performance.now();
  const child = spawn(process.execPath, [bundle, ...service.args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  // that it couldn't be started is told where it is waited for to be ready
  exited.catch(() => undefined);
  let stopping = false;
  const ready = readyLine(service.name, child, onLog, (reason) => {
    if (!stopping) onExit(reason);
  });
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);

  async function stop(): Promise<void> {
    stopping = true;
    process.removeListener("exit", kill);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, STOP_TIMEOUT);
      await exited;
      clearTimeout(timer);
    }
  }

  try {
    const { port, metricsPort } = await ready;
    return {
      name: service.name,
      pid: child.pid ?? 0,
      url: `http://127.0.0.1:${String(port)}`,
      metricsUrl: `http://127.0.0.1:${String(metricsPort)}`,
      startup: performance.now() - start,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the container would find in its environment, files mounted and addresses made local. */
async function environmentOf(
  service: ServiceObject,
  folder: string,
  addresses: ServiceOptions["addresses"],
  kubeconfig: string | undefined,
): Promise<Record<string, string>> {
  const mounted = await mount(service, folder);
  const env = Object.fromEntries(
    Object.entries(service.env).map(([name, value]) => [name, mounted.get(value) ?? localAddress(value, addresses)]),
  );
  // Ports are the machine's, not the pod's
  Object.assign(env, { PORT: "0", METRICS_PORT: "0" });
  if (kubeconfig === undefined) return env;
  const file = join(folder, "kubeconfig");
  await writeFile(file, kubeconfig, { mode: 0o600 });
  return { ...env, KUBECONFIG: file };
}

/**
 * The line in which a service says that it is ready, and where it listens.
 *
 * @param onEnd is called when it ends, now or later
 * @throws Error when it ends before that, or says nothing for too long
 */
function readyLine(
  name: string,
  child: ChildProcessByStdio<null, Readable, Readable>,
  onLog: (line: LogLine) => void,
  onEnd: (reason: string) => void,
): Promise<LogLine> {
  const last: string[] = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${name} didn't get ready in ${READY_TIMEOUT / 1000} s${quote(last)}`));
    }, READY_TIMEOUT);
    const take = (text: string): void => {
      const line = parseLine(text);
      last.push(text);
      if (last.length > 5) last.shift();
      if (line["message"] === "ready") {
        clearTimeout(timer);
        resolve(line);
      }
      onLog(line);
    };
    createInterface({ input: child.stdout }).on("line", take);
    createInterface({ input: child.stderr }).on("line", take);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      const reason = `${name} ended (${signal ?? `exit code ${String(code)}`})${quote(last)}`;
      reject(new Error(reason));
      onEnd(reason);
    });
  });
}

/** Writes the files of ConfigMaps; gives the local folder of each mount path. */
async function mount({ mounts }: ServiceObject, folder: string): Promise<Map<string, string>> {
  await mkdir(folder, { recursive: true });
  const local = new Map<string, string>();
  for (const [index, [path, files]] of Object.entries(mounts).entries()) {
    const target = join(folder, `mount-${index}`);
    await mkdir(target);
    for (const [name, text] of Object.entries(files)) await writeFile(join(target, name), text);
    local.set(path, target);
  }
  return local;
}

function localAddress(value: string, addresses: Readonly<Record<string, string>>): string {
  if (!URL.canParse(value)) return value;
  const { origin, pathname } = new URL(value);
  const base = addresses[origin];
  return base === undefined ? value : new URL(pathname, base).href;
}

function parseLine(text: string): LogLine {
  try {
    const line: unknown = JSON.parse(text);
    if (isMap(line)) return line;
  } catch {
    // not every line of a crash is JSON
  }
  return { message: text };
}

function quote(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `:\n${lines.map((line) => `  ${wordsOf(line)}`).join("\n")}`;
}

function wordsOf(text: string): string {
  const { reason, message } = parseLine(text);
  return typeof reason === "string" ? reason.replaceAll("\n", "\n  ") : typeof message === "string" ? message : text;
}
