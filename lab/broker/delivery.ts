import { request as httpRequest } from "node:http";
import type { Agent, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Where events go: a reference to an object, an address, or both (a path below the object). */
export interface Destination {
  ref?: { kind?: string; namespace?: string; name: string; apiVersion?: string };
  uri?: string;
}

/** How hard to try. @see https://knative.dev/docs/eventing/event-delivery/ */
export interface DeliverySpec {
  retry?: number;
  backoffPolicy?: string;
  /** ISO 8601, such as PT0.2S. */
  backoffDelay?: string;
  /** ISO 8601, for each request. */
  timeout?: string;
  deadLetterSink?: Destination;
}

/** A delivery spec whose times have been read, in milliseconds. */
export interface RetryPolicy {
  retries: number;
  backoff: (attempt: number) => number;
  timeout: number | undefined;
}

/** An answer; without a status where there was none, and then the error says why. */
export interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
  error?: string;
}

/** One attempt and what came of it. */
export interface Attempt {
  /** 1 for the first. */
  number: number;
  answer: Answer;
  /** Milliseconds. */
  duration: number;
  /** Milliseconds until the next attempt; undefined where there is none. */
  next: number | undefined;
}

/** What one request needs. */
export interface Post {
  url: string;
  headers: OutgoingHttpHeaders;
  body: Buffer;
}

/** How a delivery is carried out. */
export interface Sender {
  agent: Agent;
  /** What a second between two attempts lasts, in seconds. */
  timeScale: number;
  signal: AbortSignal;
}

const DURATION =
  /^P(?:(?<days>\d+(?:\.\d+)?)D)?(?:T(?:(?<hours>\d+(?:\.\d+)?)H)?(?:(?<minutes>\d+(?:\.\d+)?)M)?(?:(?<seconds>\d+(?:\.\d+)?)S)?)?$/;

/**
 * Reads an ISO 8601 duration of days and smaller.
 *
 * @returns milliseconds
 * @throws Error naming the field
 */
export function parseDuration(field: string, text: string): number {
  const parts = /\d/.test(text) ? DURATION.exec(text)?.groups : undefined;
  if (!parts) throw new Error(`${field}: ${JSON.stringify(text)} is no ISO 8601 duration such as PT0.2S`);
  const { days = 0, hours = 0, minutes = 0, seconds = 0 } = parts;
  return Math.round((Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1000);
}

/**
 * The retries of a delivery spec: waits n·delay when linear, delay·2^n when exponential, n from 0 as Knative counts.
 *
 * @see https://github.com/knative/eventing/blob/main/pkg/kncloudevents/retries.go
 */
export function retryPolicy(spec: DeliverySpec = {}): RetryPolicy {
  const delay = spec.backoffDelay === undefined ? 0 : parseDuration("backoffDelay", spec.backoffDelay);
  const policy = spec.backoffPolicy ?? "exponential";
  if (policy !== "linear" && policy !== "exponential")
    throw new Error(`backoffPolicy: ${JSON.stringify(policy)} is neither linear nor exponential`);
  return {
    retries: spec.retry ?? 0,
    backoff: (attempt) => (policy === "linear" ? delay * attempt : delay * 2 ** attempt),
    timeout: spec.timeout === undefined ? undefined : parseDuration("timeout", spec.timeout),
  };
}

/** Whether Knative tries again. */
function isRetried(status: number | undefined): boolean {
  return status === undefined || status >= 500 || [404, 408, 409, 429].includes(status);
}

export function isSuccess(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

/**
 * Posts until an answer is not one to retry, or the retries have run out.
 *
 * @param judge may make another answer of an attempt's before it is looked at
 * @returns the last answer
 */
export async function deliver(
  post: Post,
  policy: RetryPolicy,
  sender: Sender,
  judge: (answer: Answer) => Answer,
  onAttempt: (attempt: Attempt) => void,
): Promise<Answer> {
  for (let number = 1; ; number += 1) {
    const start = performance.now();
    const answer = judge(await postOnce(post, policy.timeout, sender));
    const again = isRetried(answer.status) && number <= policy.retries && !sender.signal.aborted;
    const next = again ? policy.backoff(number - 1) : undefined;
    onAttempt({ number, answer, duration: performance.now() - start, next });
    if (next === undefined) return answer;
    try {
      await sleep(next * sender.timeScale, undefined, { signal: sender.signal });
    } catch {
      return answer; // the broker is closing
    }
  }
}

async function postOnce(
  { url, headers, body }: Post,
  timeout: number | undefined,
  { agent, signal }: Sender,
): Promise<Answer> {
  const limit = timeout === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  return new Promise((resolve) => {
    const fail = (error: Error): void => {
      resolve({
        status: undefined,
        headers: {},
        body: Buffer.alloc(0),
        error: limit.aborted && !signal.aborted ? "timed out" : error.message,
      });
    };
    const request = httpRequest(url, { method: "POST", headers, agent, signal: limit }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.on("error", fail);
    request.end(body);
  });
}
