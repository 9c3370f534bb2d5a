import { mkdtemp, rm } from "node:fs/promises";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALERT_KEY_EXTENSION } from "../responder/events.ts";
import { build } from "../responder/build.ts";
import { startBroker } from "./broker/broker.ts";
import type { EmbeddedBroker } from "./broker/broker.ts";
import type { BrokerNote } from "./broker/notes.ts";
import { startFalcosidekick } from "./falcosidekick.ts";
import type { Falcosidekick, SidekickNote } from "./falcosidekick.ts";
import { startKubernetes } from "./kubernetes/server.ts";
import type { Kubernetes } from "./kubernetes/server.ts";
import type { LabObjects, ServiceObject } from "./program/objects.ts";
import { startService } from "./service.ts";
import type { LogLine, RunningService } from "./service.ts";

/** What happens in the chain, as it happens. */
export interface ChainListener {
  broker?: (note: BrokerNote) => void;
  falcosidekick?: (note: SidekickNote) => void;
  log?: (service: string, line: LogLine) => void;
  exit?: (reason: string) => void;
}

/** The whole chain, running on this machine. */
export interface Chain {
  kubernetes: Kubernetes;
  falcosidekick: Falcosidekick;
  broker: EmbeddedBroker;
  services: readonly RunningService[];
  /** The Broker's ingress that the program told falcosidekick of. */
  brokerUrl: string;
  /** What falcosidekick shows that it is by; "" where the program gives it nothing. */
  alertKey: string;
  /** Milliseconds the bundle took to build. */
  buildTime: number;
  close(): Promise<void>;
}

/** How much faster than in a cluster the lab's waits go by: retries' backoff and pods' grace periods. */
const TIME_SCALE = 0.02;

/**
 * Starts everything the program describes, wired as the program wires it.
 *
 * @param built the responder's bundle; it is built where there is none
 * @throws Error when a part doesn't start; what has started is stopped first
 */
export async function startChain(objects: LabObjects, listener: ChainListener = {}, built?: string): Promise<Chain> {
  const { folder, removeFolder } = await makeFolder();
  const closers: (() => Promise<unknown>)[] = [removeFolder];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };

  try {
    const start = performance.now();
    const bundle = built ?? (await build(join(folder, "responder.mjs")));
    const buildTime = performance.now() - start;

    const kubernetes = await startKubernetes({ rbac: objects.rbac, graceScale: TIME_SCALE });
    closers.push(() => kubernetes.close());

    let brokerUrl = "";
    const falcosidekick = await startFalcosidekick({
      brokerUrl: () => brokerUrl,
      extensions: objects.falcosidekickExtensions,
      onNote: (note) => listener.falcosidekick?.(note),
    });
    closers.push(() => falcosidekick.close());

    const broker = await startBroker({
      brokers: objects.brokers,
      triggers: [],
      addresses: {},
      timeScale: TIME_SCALE,
      onNote: (note) => listener.broker?.(note),
    });
    closers.push(() => broker.close());
    brokerUrl = new URL(objects.falcosidekickTarget.pathname, broker.url).href;

    const addresses: Record<string, string> = {
      [objects.falcosidekickOrigin]: falcosidekick.url,
      [objects.falcosidekickTarget.origin]: broker.url,
    };
    const services: RunningService[] = [];
    closers.push(() => Promise.all(services.map((service) => service.stop())));
    await startServices(objects.services, services, { bundle, folder, addresses, kubernetes, listener });

    for (const { name, url } of services) addresses[name] = url;
    broker.subscribe(objects.triggers, addresses);
    const alertKey = objects.falcosidekickExtensions[ALERT_KEY_EXTENSION] ?? "";
    return { kubernetes, falcosidekick, broker, services, brokerUrl, alertKey, buildTime, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A folder for what the chain writes; it goes with this process at the latest. */
async function makeFolder(): Promise<{ folder: string; removeFolder: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "response-engine-lab-"));
  const removeAtExit = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", removeAtExit);
  return {
    folder,
    removeFolder: async () => {
      await rm(folder, { recursive: true, force: true });
      process.removeListener("exit", removeAtExit);
    },
  };
}

interface Surroundings {
  bundle: string;
  folder: string;
  addresses: Readonly<Record<string, string>>;
  kubernetes: Kubernetes;
  listener: ChainListener;
}

/**
 * Starts the program's Services, side by side.
 *
 * @param running takes each that has started, whatever becomes of the others
 */
async function startServices(
  services: readonly ServiceObject[],
  running: RunningService[],
  { bundle, folder, addresses, kubernetes, listener }: Surroundings,
): Promise<void> {
  const starting = await Promise.allSettled(
    services.map(async (service) => {
      const { name, namespace, serviceAccount } = service;
      const kubeconfig =
        serviceAccount === undefined
          ? undefined
          : kubernetes.kubeconfig(kubernetes.tokenFor(namespace, serviceAccount));
      running.push(
        await startService(service, {
          bundle,
          folder: join(folder, name),
          addresses,
          kubeconfig,
          onLog: (line) => listener.log?.(name, line),
          onExit: (reason) => listener.exit?.(reason),
        }),
      );
    }),
  );
  for (const result of starting) if (result.status === "rejected") throw result.reason;
}
