import { setTimeout as sleep } from "node:timers/promises";
import { OUTPUT_TYPE } from "../../responder/events.ts";
import type { OutputData } from "../../responder/outputs/output-event.ts";
import type { BrokerNote, Leg } from "../broker/notes.ts";
import type { Chain, ChainListener } from "../chain.ts";
import type { Expectation } from "./expectation.ts";
import type { SidekickNote, SidekickPayload } from "../falcosidekick.ts";
import type { LoggedRequest } from "../kubernetes/serving.ts";
import { listPods, pathOf, placePod } from "./pods.ts";
import type { Step } from "./recorded.ts";
import type { LogLine } from "../service.ts";

/** One delivery of the Broker's, retries included. */
export interface DeliveryReport {
  trigger: string;
  leg: Leg;
  attempts: number;
  /** Of the last attempt; absent where nothing answered. */
  status?: number;
  error?: string;
  /** Milliseconds, all attempts and the waits between them. */
  duration: number;
}

/** What became of one alert. */
export interface StepReport {
  title: string;
  rule: string;
  priority: string;
  /** falcosidekick's id of the alert. */
  uuid: string;
  /** What the Broker answered falcosidekick; absent where nothing answered. */
  status?: number;
  /** Milliseconds until it did. */
  duration: number;
  deliveries: DeliveryReport[];
  /** What the responder asked of the Kubernetes API. */
  requests: LoggedRequest[];
  /** The responder's own word for it; absent where the alert never came to it. */
  outcome?: string;
  /** What falcosidekick shows of the response. */
  response?: { rule: string; priority: string; output: string };
  /** What became of other objects, as in "created NetworkPolicy shop/quarantine". */
  changes: string[];
  /** What actions brought to light, as the Broker took it. */
  outputs: { actionner: string; bytes: number; text: string }[];
  /** Pods that are gone, and how many milliseconds after the alert. */
  gone: { pod: string; after: number }[];
  /** Pods that had to go. */
  expected: string[];
  /** Whether what is gone is what had to go, and the outcome the one that had to be. */
  ok: boolean;
}

/** Milliseconds to wait for what follows an answer: the end of a grace period, a line of a log. */
const PATIENCE = 5_000;

/** Keeps what happens in the chain, so that a step can be told afterwards. */
export class Recorder {
  readonly broker: BrokerNote[] = [];
  readonly falcosidekick: SidekickNote[] = [];
  readonly logs: LogLine[] = [];

  /** To be given to the chain. */
  readonly listener: ChainListener = {
    broker: (note) => this.broker.push(note),
    falcosidekick: (note) => this.falcosidekick.push(note),
    log: (_service, line) => this.logs.push(line),
  };

  /** Forgets all, for the next step. */
  clear(): void {
    this.broker.length = 0;
    this.falcosidekick.length = 0;
    this.logs.length = 0;
  }
}

/**
 * Brings up the step's pods, sends its alert to falcosidekick and waits until all that follows has happened.
 *
 * @throws Error when falcosidekick doesn't take the alert
 */
export async function play(
  step: Step,
  chain: Chain,
  recorder: Recorder,
  expectation: Expectation | undefined,
): Promise<StepReport> {
  const { kubernetes, falcosidekick } = chain;
  for (const pod of step.pods) placePod(kubernetes, pod);
  const before = listPods(kubernetes);
  const expected = [...(step.goes ?? (await expectation?.goes(step.alert, before)) ?? [])];
  recorder.clear();
  const asked = kubernetes.requests.length;
  const goneAt = new Map<string, number>();
  const start = performance.now();
  const changes: string[] = [];
  const unwatch = kubernetes.store.watch((type, object) => {
    if (type === "DELETED") goneAt.set(object.metadata.uid, performance.now() - start);
    if (type !== "DELETED" || object.kind !== "Pod") changes.push(`${CHANGES[type]} ${object.kind} ${pathOf(object)}`);
  });

  try {
    const answer = await fetch(falcosidekick.url, { method: "POST", body: step.alert });
    if (!answer.ok) throw new Error(`falcosidekick refused the alert: ${(await answer.text()).trim()}`);
    await falcosidekick.idle();
    const payload = recorder.falcosidekick.find((note) => note.kind === "accepted")?.payload;
    if (!payload) throw new Error("falcosidekick took the alert without a word");
    const reached = recorder.broker.some((note) => note.kind === "delivered" && note.reply !== undefined);
    const line = reached ? await until(() => outcomeLine(recorder, payload)) : outcomeLine(recorder, payload);
    await until(
      () =>
        before.every(({ metadata }) => goneAt.has(metadata.uid) || !isTerminating(chain, metadata.uid)) || undefined,
    );

    const gone = before
      .filter(({ metadata }) => goneAt.has(metadata.uid))
      .map((pod) => ({ pod: pathOf(pod), after: goneAt.get(pod.metadata.uid) ?? 0 }));
    const sent = recorder.falcosidekick.find((note) => note.kind === "sent" && note.payload === payload);
    const { status, duration } =
      sent?.kind === "sent" ? sent : { status: undefined, duration: performance.now() - start };
    const response = recorder.falcosidekick.flatMap((note) =>
      note.kind === "accepted" && note.payload !== payload ? [note.payload] : [],
    )[0];
    return {
      title: step.title,
      rule: payload.rule,
      priority: payload.priority,
      uuid: payload.uuid,
      ...(status === undefined ? {} : { status }),
      duration,
      deliveries: deliveriesOf(recorder.broker),
      requests: kubernetes.requests.slice(asked),
      ...(line === undefined ? {} : { outcome: String(line["outcome"]) }),
      ...(response === undefined
        ? {}
        : { response: { rule: response.rule, priority: response.priority, output: response.output } }),
      changes: [...new Set(changes)],
      outputs: outputsOf(recorder.broker),
      gone,
      expected,
      ok:
        sameSet(
          gone.map(({ pod }) => pod),
          expected,
        ) &&
        (step.outcome === undefined || line?.["outcome"] === step.outcome),
    };
  } finally {
    unwatch();
  }
}

const CHANGES = { ADDED: "created", MODIFIED: "changed", DELETED: "deleted" };

function outputsOf(notes: readonly BrokerNote[]): StepReport["outputs"] {
  return notes.flatMap((note) => {
    if (note.kind !== "accepted" || note.event.attributes["type"] !== OUTPUT_TYPE) return [];
    const { output } = JSON.parse(note.event.data.toString()) as OutputData;
    const text = typeof output === "string" ? output : JSON.stringify(output);
    return [{ actionner: note.event.attributes["actionner"] ?? "", bytes: Buffer.byteLength(text), text }];
  });
}

function outcomeLine({ logs }: Recorder, { uuid }: SidekickPayload): LogLine | undefined {
  return logs.findLast((line) => line["message"] === "alert" && line["uuid"] === uuid);
}

function isTerminating({ kubernetes }: Chain, uid: string): boolean {
  return listPods(kubernetes).some(({ metadata }) => metadata.uid === uid && metadata.deletionTimestamp !== undefined);
}

function deliveriesOf(notes: readonly BrokerNote[]): DeliveryReport[] {
  const deliveries = new Map<string, DeliveryReport>();
  for (const note of notes) {
    if (note.kind !== "attempt") continue;
    const key = `${note.trigger} ${note.leg} ${note.event.attributes["id"] ?? ""}`;
    const { status, error } = note.answer;
    const earlier = deliveries.get(key)?.duration ?? 0;
    deliveries.set(key, {
      trigger: note.trigger,
      leg: note.leg,
      attempts: note.number,
      ...(status === undefined ? {} : { status }),
      ...(error === undefined ? {} : { error }),
      duration: earlier + note.duration,
    });
  }
  return [...deliveries.values()];
}

async function until<T>(condition: () => T | undefined): Promise<T | undefined> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const value = condition();
    if (value !== undefined || performance.now() > end) return value;
    await sleep(5);
  }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}
