import assert from "node:assert/strict";
import { mkdtempSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startService, type LogLine, type RunningService } from "../../lab/service.ts";
import { ALERT_KEY } from "../support/alert-key.ts";
import { responderBundle } from "../support/bundle.ts";
import { leaveOut } from "../support/leave-out.ts";
import { ALERT_HEADERS, POD_UID, shellAlert } from "../responder/fixtures.ts";
import type { HostileApi } from "./hostile-api.ts";

/** MiB that a pod of the responder may have, where nobody has configured another limit. */
const LIMIT = 256;
/** MiB by which the peak may differ from round to round without anything being kept. */
const MARGIN = 32;

const DOCKERFILE = readFileSync(new URL("../../responder/Dockerfile", import.meta.url), "utf8");

/** The heap that the image's Node has in a pod of that limit: its share of it, in MiB. */
function heap(): number {
  const [, share] = /^ENTRYPOINT .*--max-old-space-size-percentage=(\d+)/m.exec(DOCKERFILE) ?? [];
  assert.ok(share, "the image says how large its heap is");
  return Math.floor((LIMIT * Number(share)) / 100);
}

/** The responder's bundle, with the heap that it has in its pod. */
export interface Bounded {
  readonly url: string;
  readonly logged: readonly LogLine[];
  /** The most memory it has had, in MiB, since that was last forgotten. */
  peak(): number;
  forgetPeak(): void;
  /** Delivers a body, as falcosidekick and the Broker would. */
  deliver(body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
  /** Fails where it doesn't answer an alert as ever, or has had more memory than its pod may have. */
  holds(status?: 200 | 204): Promise<void>;
}

interface Options {
  rules?: string;
  args?: string[];
  env?: Record<string, string>;
}

function serviceOf({ rules, args, env }: Required<Options>): Parameters<typeof startService>[0] {
  return {
    name: "responder",
    namespace: "default",
    args,
    env: {
      NODE_OPTIONS: `--max-old-space-size=${heap()} --max-semi-space-size=1`,
      RULES_DIR: "/etc/response-rules",
      ALERT_KEYS_DIR: "/etc/alert-keys",
      EVENTS: "false",
      DEDUPLICATION_SECONDS: "0",
      // many of one pod: all of them are to be worked on
      RESPONSE_LIMITS: JSON.stringify({ workload: 0, namespace: 0, node: 0, total: 0 }),
      ...env,
    },
    mounts: { "/etc/response-rules": { "00-rules.yaml": rules }, "/etc/alert-keys": { keys: `${ALERT_KEY}\n` } },
    serviceAccount: "responder",
  };
}

/** Has one process of it from before the tests of a block until after them. */
export function withBounded(api: () => HostileApi | undefined, { rules = "", args = [], env = {} }: Options): Bounded {
  let folder: string;
  let service: RunningService;
  const logged: LogLine[] = [];
  const ended: string[] = [];
  let count = 0;

  before(async function () {
    // what a process may have is counted in its kernel's own words
    if (!existsSync("/proc/self/status")) leaveOut(this, "there is no /proc, where a process's memory is read");
    folder = mkdtempSync(join(tmpdir(), "response-engine-bounded-"));
    service = await startService(serviceOf({ rules, args, env }), {
      bundle: await responderBundle(),
      folder,
      addresses: {},
      kubeconfig: api()?.kubeconfig,
      onLog: (line) => {
        logged.push(line);
        if (logged.length > 100) logged.shift();
      },
      onExit: (reason) => ended.push(reason),
    });
  });

  after(async () => {
    await (service as RunningService | undefined)?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const peak = () => {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${service.pid}/status`, "utf8")) ?? [];
    return Number(kib) / 1024;
  };
  const deliver = (body: string | Uint8Array, headers: Record<string, string> = ALERT_HEADERS) =>
    posted(service.url, body, headers);

  return {
    get url() {
      return service.url;
    },
    logged,
    peak,
    forgetPeak: () => {
      writeFileSync(`/proc/${service.pid}/clear_refs`, "5");
    },
    deliver,
    holds: async (status = 200) => {
      assert.deepEqual(ended, []);
      const fields = { "k8s.pod.name": "plain", "k8s.pod.uid": POD_UID };
      const answer = await deliver(JSON.stringify(shellAlert(fields, { uuid: `plain-${count++}` })));
      const said = await answer.text();
      assert.equal(answer.status, status, said);
      if (status === 200) assert.equal(answer.headers.get("ce-outcome"), "terminated", said);
      assert.ok(peak() < LIMIT, `${Math.round(peak())} MiB`);
    },
  };
}

/** Over a connection of its own: one that is kept may be closed just as it is used. */
async function posted(url: string, body: string | Uint8Array, headers: Record<string, string>): Promise<Response> {
  const asked = request(url, { method: "POST", agent: false, headers });
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  const given = Object.entries(answer.headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as [string, string]] : [],
  );
  return new Response(answer.statusCode === 204 ? null : text, { status: answer.statusCode ?? 0, headers: given });
}

/** Does something so many times, so many at once. */
export async function many(count: number, atOnce: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, one));
}

/** What it holds after two rounds, and after two more: the same, within a margin. */
export async function inRounds(bounded: Bounded, round: () => Promise<void>, status: 200 | 204 = 200): Promise<void> {
  bounded.forgetPeak();
  await round();
  await round();
  await bounded.holds(status);
  const first = bounded.peak();
  await round();
  await round();
  await bounded.holds(status);
  const last = bounded.peak();
  process.stdout.write(`      peak ${Math.round(first)} MiB, then ${Math.round(last)} MiB\n`);
  assert.ok(last < first + MARGIN, `from ${Math.round(first)} to ${Math.round(last)} MiB`);
}
