import type { IncomingHttpHeaders } from "node:http";

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Answers one delivery; what it throws but a DeliveryError is a fault of ours, and worth a redelivery. `from`: the sender's address. */
export type Deliver = (headers: IncomingHttpHeaders, body: Buffer, from?: string) => Promise<Answer>;

export const PROBLEM = { "content-type": "application/problem+json" };

/**
 * Knative's dispatcher copies the body of a failed delivery, in base64, into 1024 bytes for the dead letter, and
 * has no room for more: three quarters of that, less what surrounds the detail.
 * @see https://github.com/knative/eventing/blob/main/pkg/kncloudevents/event_dispatcher.go
 */
const DETAIL_LIMIT = 640;

/** @see https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(status: number, detail: string, headers: Record<string, string> = {}): Answer {
  // ASCII, so that a character is a byte
  const short = detail
    .replace(/[^ -~]/g, "?")
    .replace(/["\\]/g, "'")
    .slice(0, DETAIL_LIMIT);
  return { status, headers: { ...PROBLEM, ...headers }, body: `${JSON.stringify({ status, detail: short })}\n` };
}
