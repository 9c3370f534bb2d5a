import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningService } from "../lab/service.ts";
import { startControlPlane, type ControlPlane } from "../test/support/control-plane.ts";
import { startResponder, type RunningResponder } from "../test/support/responder.ts";
import { alertOf, deliver, hangUp } from "./alerts.ts";
import { buildBareClient, startBareClient, type BareClient } from "./bare.ts";
import type { Target } from "./bare-client.ts";
import { inTurn, percentile } from "./load.ts";
import { peakMemory, residentMemory } from "./memory.ts";
import { createPods } from "./pods.ts";

/** Limits that count every response and hold none. */
const COUNTED = { workload: "10000/60", namespace: "10000/60", node: "10000/60", total: "10000/60" };

/** One thing measured, of the responder and of the bare client. */
export interface Measurement {
  name: string;
  unit: "ms" | "/s" | "MiB";
  /** Whether less of it is better. */
  less: boolean;
  responder: number;
  bare: number;
}

export interface Bench {
  measurements: Measurement[];
  /** Of the API server. */
  kubernetes: string;
}

export interface BenchOptions {
  /** Of each latency, and of each throughput with action. */
  samples: number;
  /** How many alerts, or DELETEs, are under way at a time where throughput is measured. */
  concurrency: number;
  /** Starts of the process. */
  starts: number;
  /** Told what goes on. */
  progress: (what: string) => void;
}

const NAMESPACE = "bench";
/** Left out of what is measured. */
const WARM_UP = 50;
/** Sequential requests come in turns of so many, so that both sides see the same machine. */
const TURN = 25;
/** The same for those that come many at a time. */
const LOAD_TURN = 200;
/** Alerts that no rule matches. */
const UNANSWERED = 20_000;

/** Measures all of it against one control plane, in one run. */
export async function measure(options: BenchOptions): Promise<Bench> {
  const { progress } = options;
  progress("starting the control plane");
  const cluster = await startControlPlane();
  const folder = mkdtempSync(join(tmpdir(), "response-engine-bench-"));
  try {
    return await measureOn(cluster, folder, options);
  } finally {
    hangUp();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both sides, ready, and what they are given. */
interface Sides {
  responder: RunningResponder;
  bare: BareClient;
  /** Starts one more bare client, which deletes `first` as soon as it can. */
  startBare: (first: Target) => Promise<BareClient>;
  /** The next pods that nobody has deleted yet. */
  next: (count: number) => Target[];
}

/** The same figure, or figures, of both. */
interface Both<Figure> {
  responder: Figure;
  bare: Figure;
}

async function measureOn(
  cluster: ControlPlane,
  folder: string,
  { samples, concurrency, starts, progress }: BenchOptions,
): Promise<Bench> {
  const { gitVersion } = await cluster.api.demand<{ gitVersion: string }>("GET", "/version");
  const bundle = await buildBareClient(folder);
  const responder = await startResponder(cluster, "[]", { config: { responseLimits: COUNTED } });
  const { url, caFile } = cluster;
  const settings = { url, caFile, token: await cluster.serviceAccountToken("default", "responder") };
  const bare = await startBareClient(bundle, settings);
  try {
    // what a fresh process allocates to start, it may give back a moment later
    await sleep(2000);
    const idle = { responder: residentMemory(responder.service.pid), bare: residentMemory(bare.pid) };
    const pods = await createPods(cluster, NAMESPACE, 2 * (WARM_UP + 2 * samples + starts), progress);
    const sides: Sides = {
      responder,
      bare,
      startBare: (first) => startBareClient(bundle, { ...settings, first }),
      next: (count) => pods.splice(0, count),
    };
    progress("warm, one at a time");
    const warm = await measureLatency(sides, samples);
    progress(`${concurrency} at a time`);
    const busy = await measureThroughput(sides, samples, concurrency);
    progress("without action");
    const quiet = await measureUnanswered(responder.service, concurrency);
    progress("starts");
    const startup = await measureStarts(sides, starts);
    const perSecond = { responder: samples / busy.seconds.responder, bare: samples / busy.seconds.bare };
    const unanswered = { responder: UNANSWERED / quiet.seconds, bare: perSecond.bare };
    const peak = { responder: Math.max(busy.peak.responder, quiet.peak), bare: busy.peak.bare };
    const shares = [
      ["p50", 0.5],
      ["p99", 0.99],
    ] as const;
    return {
      kubernetes: gitVersion,
      measurements: [
        ...shares.map(([name, share]): Measurement => ({
          name: `delivery to answer, warm, ${name}`,
          unit: "ms",
          less: true,
          ...percentiles(warm, share),
        })),
        { name: "process start to first answer", unit: "ms", less: true, ...percentiles(startup, 0.5) },
        { name: "memory, idle", unit: "MiB", less: true, ...idle },
        { name: "memory, under load (peak)", unit: "MiB", less: true, ...peak },
        { name: "alerts settled with action", unit: "/s", less: false, ...perSecond },
        { name: "alerts settled without action", unit: "/s", less: false, ...unanswered },
      ],
    };
  } finally {
    await bare.stop();
    await responder.stop();
  }
}

function percentiles({ responder, bare }: Both<number[]>, share: number): Both<number> {
  return { responder: percentile(responder, share), bare: percentile(bare, share) };
}

/** Has the responder terminate a pod. @returns milliseconds to its answer */
function terminate({ url }: RunningService, target: Target): Promise<number> {
  return deliver(url, alertOf(target), { status: 200, outcome: "terminated" });
}

/** Milliseconds of each, one at a time. */
async function measureLatency({ responder, bare, next }: Sides, samples: number): Promise<Both<number[]>> {
  const act = (target: Target): Promise<number> => terminate(responder.service, target);
  await bare.remove({ targets: next(WARM_UP), concurrency: 4 });
  await inTurn(next(WARM_UP), 4, act);
  const warm: Both<number[]> = { responder: [], bare: [] };
  while (warm.bare.length < samples) {
    const count = Math.min(TURN, samples - warm.bare.length);
    warm.bare.push(...(await bare.remove({ targets: next(count), concurrency: 1 })).each);
    warm.responder.push(...(await inTurn(next(count), 1, act)).each);
  }
  return warm;
}

/** Seconds that all took, many at a time, and the most memory that was resident meanwhile, in MiB. */
async function measureThroughput(
  { responder, bare, next }: Sides,
  samples: number,
  concurrency: number,
): Promise<{ seconds: Both<number>; peak: Both<number> }> {
  const act = (target: Target): Promise<number> => terminate(responder.service, target);
  const busy = { seconds: { responder: 0, bare: 0 }, peak: { responder: 0, bare: 0 } };
  for (let done = 0; done < samples;) {
    const count = Math.min(LOAD_TURN, samples - done);
    const one = await peakMemory(bare.pid, () => bare.remove({ targets: next(count), concurrency }));
    const other = await peakMemory(responder.service.pid, () => inTurn(next(count), concurrency, act));
    busy.seconds.bare += one.result.seconds;
    busy.seconds.responder += other.result.seconds;
    busy.peak.bare = Math.max(busy.peak.bare, one.peak);
    busy.peak.responder = Math.max(busy.peak.responder, other.peak);
    done += count;
  }
  return busy;
}

/** The same for alerts that no rule matches, of the responder alone. */
async function measureUnanswered(
  { url, pid }: RunningService,
  concurrency: number,
): Promise<{ seconds: number; peak: number }> {
  const nobody = { namespace: NAMESPACE, name: "nobody", uid: "none" };
  const unanswered = (count: number): Promise<{ seconds: number }> =>
    inTurn(Array.from({ length: count }), concurrency, () =>
      deliver(url, alertOf(nobody, "Read sensitive file untrusted"), { status: 204 }),
    );
  await unanswered(5_000);
  const { result, peak } = await peakMemory(pid, () => unanswered(UNANSWERED));
  return { seconds: result.seconds, peak };
}

/** Milliseconds from the start of each process to its first answer. */
async function measureStarts({ responder, startBare, next }: Sides, starts: number): Promise<Both<number[]>> {
  const startup: Both<number[]> = { responder: [], bare: [] };
  for (let count = 0; count < starts; count += 1) {
    const [first, second] = next(2);
    if (!first || !second) throw new Error("there are no pods left");
    const once = await startBare(first);
    startup.bare.push(once.startup);
    await once.stop();

    const service = await responder.start();
    startup.responder.push(service.startup + (await terminate(service, second)));
    await service.stop();
  }
  return startup;
}
