import { ALERT_TYPE } from "../../responder/events.ts";
import type { BrokerNote } from "../broker/notes.ts";
import type { ChainListener } from "../chain.ts";
import type { SidekickNote, SidekickPayload } from "../falcosidekick.ts";
import type { LogLine } from "../service.ts";

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

  /** Whether the responder has settled an alert: then it logs an outcome, once its Events are written. */
  isSettled({ uuid }: SidekickPayload): boolean {
    return this.broker.some(
      (note) =>
        note.kind === "delivered" && note.event.attributes["type"] === ALERT_TYPE && note.event.data.includes(uuid),
    );
  }

  /** What falcosidekick was told of alerts that were refused. */
  refusalsTold(): SidekickPayload[] {
    return this.falcosidekick.flatMap((note) =>
      note.kind === "accepted" && note.payload.rule === "Response: refused" ? [note.payload] : [],
    );
  }

  /** Whether the responder has refused something: then it logs that, before it answers. */
  isRefused(): boolean {
    return this.broker.some((note) => note.kind === "attempt" && note.answer.status === 403);
  }

  /** The responder's last word on an alert so far; of one that it has settled, no earlier attempt's. */
  outcomeOf(alert: SidekickPayload): string | undefined {
    if (this.isRefused()) return this.logs.find(({ message }) => message === "refused") && "refused";
    const line = this.logs.findLast(({ message, uuid }) => message === "alert" && uuid === alert.uuid);
    const outcome = line && String(line["outcome"]);
    return this.isSettled(alert) && outcome === "retry" ? undefined : outcome;
  }
}
