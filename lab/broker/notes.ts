import type { Attempt } from "./delivery.ts";
import type { BrokerEvent } from "./event.ts";

/** Where an attempt went. */
export type Leg = "subscriber" | "reply" | "dead-letter";

/** What the broker tells of its work. */
export type BrokerNote =
  | { kind: "accepted"; event: BrokerEvent }
  | { kind: "refused"; status: number; reason: string }
  | { kind: "filtered"; trigger: string; event: BrokerEvent }
  | ({ kind: "attempt"; trigger: string; event: BrokerEvent; leg: Leg; url: string } & Attempt)
  | { kind: "delivered"; trigger: string; event: BrokerEvent; status: number; reply: BrokerEvent | undefined }
  | { kind: "dead-lettered"; trigger: string; event: BrokerEvent; status: number | undefined }
  | { kind: "lost"; trigger: string; event: BrokerEvent; status: number | undefined; reason: string };
