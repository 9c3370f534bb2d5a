import { mkdtemp, rm } from "node:fs/promises";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../responder/build.ts";
import { startBroker } from "./broker/broker.ts";
import type { EmbeddedBroker } from "./broker/broker.ts";
import type { BrokerNote } from "./broker/notes.ts";
import { startFalcosidekick } from "./falcosidekick.ts";
import type { Falcosidekick, SidekickNote } from "./falcosidekick.ts";
import { startKubernetes } from "./kubernetes/server.ts";
import type { Kubernetes } from "./kubernetes/server.ts";
import type { LabObjects } from "./program/objects.ts";
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
  const folder = await mkdtemp(join(tmpdir(), "response-engine-lab-"));
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", removeFolder);
  const closers: (() => Promise<unknown>)[] = [
    async () => {
      await rm(folder, { recursive: true, force: true });
      process.removeListener("exit", removeFolder);
    },
  ];
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
    const starting = await Promise.allSettled(
      objects.services.map(async (service) => {
        const { serviceAccount } = service;
        const running = await startService(service, {
          bundle,
          folder: join(folder, service.name),
          addresses,
          kubeconfig:
            serviceAccount === undefined
              ? undefined
              : kubernetes.kubeconfig(kubernetes.tokenFor(service.namespace, serviceAccount)),
          onLog: (line) => listener.log?.(service.name, line),
          onExit: (reason) => listener.exit?.(reason),
        });
        services.push(running);
      }),
    );
    for (const result of starting) if (result.status === "rejected") throw result.reason;

    for (const { name, url } of services) addresses[name] = url;
    broker.subscribe(objects.triggers, addresses);
    return { kubernetes, falcosidekick, broker, services, brokerUrl, buildTime, close };
  } catch (error) {
    await close();
    throw error;
  }
}
