import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free-ports.ts";
import { Processes } from "../support/processes.ts";

const execute = promisify(execFile);

/** A Docker engine and a registry that images are pushed to. */
export interface Docker {
  /** Runs `docker` with these arguments; gives what it prints. @throws with what it says on stderr */
  docker: (args: readonly string[], timeout?: number) => Promise<string>;
  /** HOST:PORT */
  registry: string;
  stop: () => Promise<void>;
}

/**
 * The machine's own Docker engine where one runs; else one started by hand for the suite, in a temporary folder.
 * The registry always is the suite's own. What is missing is installed from Debian's packages, if this is
 * a Debian and we are root.
 * @throws with what to install, otherwise
 */
export async function startDocker(): Promise<Docker> {
  const processes = new Processes("response-engine-image");
  try {
    const host = await engine(processes);
    const registry = await startRegistry(processes);
    return {
      registry,
      docker: async (args, timeout = 900_000) => {
        const environment = { ...process.env, ...(host && { DOCKER_HOST: host, DOCKER_BUILDKIT: "0" }) };
        const options = { env: environment, timeout, maxBuffer: 64 * 1024 * 1024 };
        const { stdout } = await execute(host ? ENGINE_CLIENT : "docker", args, options);
        return stdout.trim();
      },
      stop: async () => {
        await stopEngine(processes).finally(() => processes.stop());
      },
    };
  } catch (error) {
    await stopEngine(processes).finally(() => processes.stop());
    throw error;
  }
}

/** The client that comes with Debian's engine: a newer one needs plugins to build. */
const ENGINE_CLIENT = "/usr/bin/docker";

/** undefined for the machine's own engine; else the address of one started here. */
async function engine(processes: Processes): Promise<string | undefined> {
  if (await succeeds("docker", ["version"])) return undefined;
  await install("dockerd", "docker.io", "a running Docker engine");
  const containerd = startContainerd(processes);
  const socket = join(processes.folder, "docker.sock");
  const host = `unix://${socket}`;
  // containers and builds use the machine's network: what runs in them is ours, and a bridge needs more rights
  processes.start("dockerd", "dockerd", [
    `--host=${host}`,
    `--containerd=${containerd}`,
    `--data-root=${join(processes.folder, "data")}`,
    `--exec-root=${join(processes.folder, "exec")}`,
    `--pidfile=${join(processes.folder, "dockerd.pid")}`,
    "--bridge=none",
    "--iptables=false",
  ]);
  await until("dockerd answers", processes, () => succeeds(ENGINE_CLIENT, ["--host", host, "version"]));
  return host;
}

/** One of the suite's own: the engine would look for the machine's, whose socket may be there with nobody behind it. */
function startContainerd(processes: Processes): string {
  const [address, config] = ["containerd.sock", "containerd.toml"].map((name) => join(processes.folder, name)) as [
    string,
    string,
  ];
  writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
  processes.start("containerd", "containerd", [
    `--config=${config}`,
    `--address=${address}`,
    `--root=${join(processes.folder, "containerd")}`,
    `--state=${join(processes.folder, "containerd-state")}`,
  ]);
  return address;
}

/** An engine that is killed leaves its mounts behind. */
async function stopEngine({ folder }: Processes): Promise<void> {
  const pidfile = join(folder, "dockerd.pid");
  if (!existsSync(pidfile)) return;
  process.kill(Number(readFileSync(pidfile, "utf8")), "SIGTERM");
  await eventually("dockerd has ended", () => Promise.resolve(!existsSync(pidfile)), { seconds: 120 });
  // it keeps the network's namespace mounted
  const mounted = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
  for (const path of mounted.filter((path) => path.startsWith(`${folder}/`)).reverse()) await execute("umount", [path]);
}

async function startRegistry(processes: Processes): Promise<string> {
  await install("docker-registry", "docker-registry", "docker-registry");
  const [port] = await freePorts(1);
  const config = join(processes.folder, "registry.yml");
  writeFileSync(
    config,
    JSON.stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: join(processes.folder, "registry") } },
      http: { addr: `127.0.0.1:${port}` },
    }),
  );
  processes.start("docker-registry", "docker-registry", ["serve", config]);
  await until("the registry answers", processes, async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).ok);
  return `127.0.0.1:${port}`;
}

async function install(program: string, debianPackage: string, what: string): Promise<void> {
  if (await succeeds("which", [program])) return;
  if (process.getuid?.() !== 0 || !(await succeeds("which", ["apt-get"]))) {
    throw new Error(
      `The image suite needs ${what}: install it (Debian's package ${debianPackage}) and run this again.`,
    );
  }
  process.stderr.write(
    `${program}: not on this machine yet, so it is installed from Debian's package ${debianPackage}.\n`,
  );
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, timeout: 900_000 };
  await execute("apt-get", ["update", "-q"], options);
  await execute("apt-get", ["install", "-q", "-y", "--no-install-recommends", debianPackage], options);
}

async function until(what: string, processes: Processes, ready: () => Promise<boolean>): Promise<void> {
  await eventually(what, () => {
    processes.check();
    return ready().catch(() => false);
  });
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return execute(program, args, { timeout: 120_000 }).then(
    () => true,
    () => false,
  );
}
