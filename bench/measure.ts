import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startControlPlane, type ControlPlane } from "../test/support/control-plane.ts";
import { eventually } from "../test/support/eventually.ts";
import { startResponder } from "../test/support/responder.ts";
import { alertOf, deliver, hangUp } from "./alerts.ts";
import { buildBareClient, startBareClient } from "./bare.ts";
import type { Target } from "./bare-client.ts";
import { inTurn, percentile } from "./load.ts";
import { peakMemory, residentMemory } from "./memory.ts";

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

async function measureOn(
  cluster: ControlPlane,
  folder: string,
  { samples, concurrency, starts, progress }: BenchOptions,
): Promise<Bench> {
  const { gitVersion } = await cluster.api.demand<{ gitVersion: string }>("GET", "/version");
  const bundle = await buildBareClient(folder);
  const responder = await startResponder(cluster, "[]");
  const { url, caFile } = cluster;
  const settings = { url, caFile, token: await cluster.serviceAccountToken("default", "responder") };
  const bare = await startBareClient(bundle, settings);
  try {
    // what a fresh process allocates to start, it may give back a moment later
    await sleep(2000);
    const idle = { responder: residentMemory(responder.service.pid), bare: residentMemory(bare.pid) };

    const pods = await createPods(cluster, 2 * (WARM_UP + 2 * samples + starts), progress);
    const next = (count: number): Target[] => pods.splice(0, count);
    const act = (target: Target): Promise<number> =>
      deliver(responder.service.url, alertOf(target), { status: 200, outcome: "terminated" });

    progress("warm, one at a time");
    await bare.remove({ targets: next(WARM_UP), concurrency: 4 });
    await inTurn(next(WARM_UP), 4, act);
    const warm = { responder: [] as number[], bare: [] as number[] };
    while (warm.bare.length < samples) {
      const count = Math.min(TURN, samples - warm.bare.length);
      warm.bare.push(...(await bare.remove({ targets: next(count), concurrency: 1 })).each);
      warm.responder.push(...(await inTurn(next(count), 1, act)).each);
    }

    progress(`${concurrency} at a time`);
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

    progress("without action");
    const nobody = { namespace: NAMESPACE, name: "nobody", uid: "none" };
    const unanswered = (count: number): Promise<{ seconds: number }> =>
      inTurn(Array.from({ length: count }), concurrency, () =>
        deliver(responder.service.url, alertOf(nobody, "Read sensitive file untrusted"), { status: 204 }),
      );
    await unanswered(5_000);
    const quiet = await peakMemory(responder.service.pid, () => unanswered(UNANSWERED));

    progress("starts");
    const startup = { responder: [] as number[], bare: [] as number[] };
    for (let count = 0; count < starts; count += 1) {
      const [first] = next(1);
      const once = await startBareClient(bundle, { ...settings, ...(first && { first }) });
      startup.bare.push(once.startup);
      await once.stop();

      const service = await responder.start();
      const [target] = next(1);
      if (!target) throw new Error("there are no pods left");
      const answered = await deliver(service.url, alertOf(target), { status: 200, outcome: "terminated" });
      startup.responder.push(service.startup + answered);
      await service.stop();
    }

    const removals = samples / busy.seconds.bare;
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
          responder: percentile(warm.responder, share),
          bare: percentile(warm.bare, share),
        })),
        {
          name: "process start to first answer",
          unit: "ms",
          less: true,
          responder: percentile(startup.responder, 0.5),
          bare: percentile(startup.bare, 0.5),
        },
        { name: "memory, idle", unit: "MiB", less: true, ...idle },
        {
          name: "memory, under load (peak)",
          unit: "MiB",
          less: true,
          responder: Math.max(busy.peak.responder, quiet.peak),
          bare: busy.peak.bare,
        },
        {
          name: "alerts settled with action",
          unit: "/s",
          less: false,
          responder: samples / busy.seconds.responder,
          bare: removals,
        },
        {
          name: "alerts settled without action",
          unit: "/s",
          less: false,
          responder: UNANSWERED / quiet.result.seconds,
          bare: removals,
        },
      ],
    };
  } finally {
    await bare.stop();
    await responder.stop();
  }
}

/** Running pods, as many as asked for. */
async function createPods(cluster: ControlPlane, count: number, progress: (what: string) => void): Promise<Target[]> {
  const { api, nodes } = cluster;
  const path = `/api/v1/namespaces/${NAMESPACE}`;
  await api.demand("POST", "/api/v1/namespaces", {
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
  });
  await eventually(
    "pods can be created",
    async () => (await api.request("GET", `${path}/serviceaccounts/default`)).status === 200,
  );
  progress(`creating ${count} pods`);
  const names = Array.from({ length: count }, (_, index) => `pod-${index}`);
  const { each } = await inTurn(names, 16, async (name) => {
    const spec = { nodeName: nodes[0], containers: [{ name: "main", image: "alpine:3" }] };
    const { metadata } = await api.demand("POST", `${path}/pods`, {
      body: { apiVersion: "v1", kind: "Pod", metadata: { name }, spec },
    });
    return { namespace: NAMESPACE, name, uid: metadata?.uid ?? "" };
  });
  await eventually(
    "all pods run",
    async () => {
      const { items } = await api.demand<{ items: unknown[] }>(
        "GET",
        `${path}/pods?fieldSelector=status.phase!%3DRunning&limit=1`,
      );
      return items.length === 0;
    },
    { seconds: 120, every: 500 },
  );
  return each;
}
