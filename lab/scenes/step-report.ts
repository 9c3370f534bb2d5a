import { OUTPUT_TYPE } from "../../responder/events.ts";
import type { OutputData } from "../../responder/outputs/output-event.ts";
import type { BrokerNote, Leg } from "../broker/notes.ts";
import type { SidekickPayload } from "../falcosidekick.ts";
import type { LoggedRequest } from "../kubernetes/serve.ts";
import type { Recorder } from "./recorder.ts";

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
  /** Pods that had to go; absent where nobody has written that out. */
  expected?: string[];
  /** What is not as it had to be, in a line each. */
  wrong: string[];
  /** Whether nothing is. */
  ok: boolean;
}

/** The part of a report that is read off what passed through falcosidekick and the Broker. */
type Passage = Pick<StepReport, "status" | "duration" | "deliveries" | "response" | "outputs">;

/** @param elapsed milliseconds since the alert, for one that the Broker never answered */
export function passageOf({ falcosidekick, broker }: Recorder, payload: SidekickPayload, elapsed: number): Passage {
  const sent = falcosidekick.find((note) => note.kind === "sent" && note.payload === payload);
  const { status, duration } = sent?.kind === "sent" ? sent : { status: undefined, duration: elapsed };
  const [response] = falcosidekick.flatMap((note) =>
    note.kind === "accepted" && note.payload !== payload ? [note.payload] : [],
  );
  return {
    ...(status === undefined ? {} : { status }),
    duration,
    deliveries: deliveriesOf(broker),
    ...(response && {
      response: { rule: response.rule, priority: response.priority, output: response.output },
    }),
    outputs: outputsOf(broker),
  };
}

function outputsOf(notes: readonly BrokerNote[]): StepReport["outputs"] {
  return notes.flatMap((note) => {
    if (note.kind !== "accepted" || note.event.attributes["type"] !== OUTPUT_TYPE) return [];
    const { output } = JSON.parse(note.event.data.toString()) as OutputData;
    const text = typeof output === "string" ? output : JSON.stringify(output);
    return [{ actionner: note.event.attributes["actionner"] ?? "", bytes: Buffer.byteLength(text), text }];
  });
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
