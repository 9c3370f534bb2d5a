/**
 * An embedded CloudEvents broker that carries out Knative Broker and Trigger objects: filters, retries, dead letter
 * sinks, replies. It is for the lab and the tests alone: it keeps nothing, and delivers synchronously as Knative's
 * in-memory channel does.
 */
import { once } from "node:events";
import { Agent, createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { deliver, isSuccess, retryPolicy } from "./delivery.ts";
import type { Answer, Attempt, DeliverySpec, Destination, RetryPolicy, Sender } from "./delivery.ts";
import { EventError, isCloudEvent, readEvent, withAttributes, writeHeaders } from "./event.ts";
import type { BrokerEvent } from "./event.ts";
import { compileFilters } from "./filters.ts";
import type { TriggerFilters } from "./filters.ts";

/** A Broker object, as the program gives it. */
export interface BrokerObject {
  metadata: { name: string; namespace?: string };
  spec?: { delivery?: DeliverySpec };
}

/** A Trigger object, as the program gives it. */
export interface TriggerObject {
  metadata: { name: string; namespace?: string };
  spec: TriggerFilters & { broker: string; subscriber: Destination; delivery?: DeliverySpec };
}

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

export interface BrokerOptions {
  brokers: readonly BrokerObject[];
  triggers: readonly TriggerObject[];
  /** Local addresses by the name of a reference, or by the origin of a cluster address (`http://falco.svc:80`). */
  addresses: Readonly<Record<string, string>>;
  /** What a second between two attempts lasts, in seconds. Default 1. */
  timeScale?: number;
  onNote?: (note: BrokerNote) => void;
}

/** The broker, listening. */
export interface EmbeddedBroker {
  url: string;
  /** The ingress of one Broker: what its `status.address.url` stands for. */
  addressOf(namespace: string, name: string): string;
  /** Carries out further Triggers. @throws FilterError or Error for one that can't be carried out */
  subscribe(triggers: readonly TriggerObject[], addresses: BrokerOptions["addresses"]): void;
  close(): Promise<void>;
}

/** What Knative gives a Broker without a delivery of its own. */
const DEFAULT_DELIVERY: DeliverySpec = { retry: 10, backoffPolicy: "exponential", backoffDelay: "PT0.2S" };
/** How often an event may be answered with an event before the broker drops it. */
const TTL = 255;
const TTL_ATTRIBUTE = "knativebrokerttl";
const ERROR_DATA_LIMIT = 1024;

interface Subscription {
  name: string;
  broker: string;
  namespace: string;
  wants: (event: BrokerEvent) => boolean;
  subscriber: string;
  deadLetterSink: string | undefined;
  policy: RetryPolicy;
}

/**
 * Starts the broker on a free port.
 *
 * @throws FilterError or Error for a Trigger that can't be carried out
 */
export async function startBroker({
  brokers,
  triggers,
  addresses,
  timeScale = 1,
  onNote = () => undefined,
}: BrokerOptions): Promise<EmbeddedBroker> {
  const byName = new Map(
    brokers.map((broker) => [pathOf(broker.metadata.namespace ?? "default", broker.metadata.name), broker]),
  );
  const subscriptions = triggers.map((trigger) => subscriptionOf(trigger, byName, addresses));
  const closing = new AbortController();
  const agent = new Agent({ keepAlive: true });
  const sender: Sender = { agent, timeScale, signal: closing.signal };

  const server = createServer((request, response) => {
    void ingest(request).then(({ status, reason }) => {
      if (reason !== undefined) onNote({ kind: "refused", status, reason });
      if (!response.destroyed) response.writeHead(status, { Allow: "POST, OPTIONS" }).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function ingest(request: IncomingMessage): Promise<{ status: number; reason?: string }> {
    const { method, url: path = "/" } = request;
    if (method === "OPTIONS") return { status: 200 };
    if (method !== "POST") return { status: 405, reason: `${method ?? ""} is not allowed; POST is` };
    const broker = path.replace(/\/$/, "");
    if (!byName.has(broker))
      return { status: 404, reason: `there is no broker at ${path}; there is ${[...byName.keys()].join(", ")}` };
    let event: BrokerEvent;
    try {
      event = readEvent(request.headers, await readBody(request));
    } catch (error) {
      return { status: 400, reason: error instanceof EventError ? error.message : String(error) };
    }
    const ttl = nextTtl(event);
    if (ttl <= 0)
      return {
        status: 400,
        reason: `the event ${event.attributes["id"] ?? ""} has been answered too often (${TTL_ATTRIBUTE})`,
      };
    event = withAttributes(event, { knativearrivaltime: new Date().toISOString(), [TTL_ATTRIBUTE]: String(ttl) });
    onNote({ kind: "accepted", event });
    const passed = passThrough(request.headers);
    const mine = subscriptions.filter((subscription) => subscription.broker === broker);
    const results = await Promise.all(mine.map((subscription) => dispatch(subscription, event, passed)));
    return { status: results.every(Boolean) ? 202 : 500 };
  }

  /** @returns whether the event is with the subscriber, unwanted, or in the dead letter sink */
  async function dispatch(
    subscription: Subscription,
    accepted: BrokerEvent,
    passed: OutgoingHttpHeaders,
  ): Promise<boolean> {
    const { name: trigger, namespace, subscriber, policy } = subscription;
    const event = withAttributes(accepted, { [TTL_ATTRIBUTE]: undefined });
    if (!subscription.wants(event)) {
      onNote({ kind: "filtered", trigger, event });
      return true;
    }
    const headers = { ...passed, Prefer: "reply", "Kn-Namespace": namespace };
    const attempts = (leg: Leg, to: string) => (attempt: Attempt) => {
      onNote({ kind: "attempt", trigger, event, leg, url: to, ...attempt });
    };
    const answer = await deliver(
      { url: subscriber, headers: { ...headers, ...writeHeaders(event) }, body: event.data },
      policy,
      sender,
      judgeReply,
      attempts("subscriber", subscriber),
    );
    if (!isSuccess(answer.status)) return deadLetter(subscription, accepted, answer, subscriber, headers);

    const reply = isCloudEvent(answer.headers) ? readEvent(answer.headers, answer.body) : undefined;
    onNote({ kind: "delivered", trigger, event, status: answer.status ?? 0, reply });
    if (!reply) return true;
    const target = `${url}${subscription.broker}`;
    const back = withAttributes(reply, { [TTL_ATTRIBUTE]: accepted.attributes[TTL_ATTRIBUTE] });
    const taken = await deliver(
      {
        url: target,
        headers: { ...passThrough(answer.headers), "Kn-Namespace": namespace, ...writeHeaders(back) },
        body: back.data,
      },
      policy,
      sender,
      (same) => same,
      attempts("reply", target),
    );
    return isSuccess(taken.status) || deadLetter(subscription, accepted, taken, target, headers);
  }

  /** @see https://knative.dev/docs/eventing/event-delivery/#dead-letter-sink-cloudevents-attributes */
  async function deadLetter(
    { name: trigger, policy, deadLetterSink }: Subscription,
    event: BrokerEvent,
    failure: Answer,
    destination: string,
    headers: OutgoingHttpHeaders,
  ): Promise<boolean> {
    const { status, error } = failure;
    if (deadLetterSink === undefined) {
      onNote({ kind: "lost", trigger, event, status, reason: error ?? "no dead letter sink" });
      return false;
    }
    const body = error === undefined ? failure.body : Buffer.from(`dispatch error: ${error}`);
    const dead = withAttributes(event, {
      knativeerrordest: destination,
      knativeerrorcode: String(status ?? 500),
      knativeerrordata: body.toString("base64").slice(0, ERROR_DATA_LIMIT),
    });
    const answer = await deliver(
      { url: deadLetterSink, headers: { ...headers, ...writeHeaders(dead) }, body: dead.data },
      policy,
      sender,
      judgeReply,
      (attempt) => {
        onNote({ kind: "attempt", trigger, event: dead, leg: "dead-letter", url: deadLetterSink, ...attempt });
      },
    );
    if (isSuccess(answer.status)) onNote({ kind: "dead-lettered", trigger, event: dead, status });
    else
      onNote({
        kind: "lost",
        trigger,
        event: dead,
        status: answer.status,
        reason: `the dead letter sink didn't take it${answer.error === undefined ? "" : `: ${answer.error}`}`,
      });
    return isSuccess(answer.status);
  }

  return {
    url,
    addressOf: (namespace, name) => `${url}${pathOf(namespace, name)}`,
    subscribe: (more, known) => {
      subscriptions.push(...more.map((trigger) => subscriptionOf(trigger, byName, known)));
    },
    async close() {
      closing.abort();
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function pathOf(namespace: string, name: string): string {
  return `/${namespace}/${name}`;
}

function subscriptionOf(
  trigger: TriggerObject,
  brokers: ReadonlyMap<string, BrokerObject>,
  addresses: Readonly<Record<string, string>>,
): Subscription {
  const { name, namespace = "default" } = trigger.metadata;
  const { spec } = trigger;
  const path = pathOf(namespace, spec.broker);
  const broker = brokers.get(path);
  if (!broker) throw new Error(`Trigger ${namespace}/${name}: there is no Broker ${spec.broker} in its namespace`);
  // The Trigger's delivery replaces the Broker's as a whole; only its dead letter sink falls back on its own.
  const brokerDelivery = broker.spec?.delivery ?? DEFAULT_DELIVERY;
  const delivery = spec.delivery ?? brokerDelivery;
  const sink = delivery.deadLetterSink ?? brokerDelivery.deadLetterSink;
  try {
    return {
      name,
      namespace,
      broker: path,
      wants: compileFilters(spec),
      subscriber: resolve(spec.subscriber, addresses),
      deadLetterSink: sink && resolve(sink, addresses),
      policy: retryPolicy(delivery),
    };
  } catch (error) {
    throw new Error(`Trigger ${namespace}/${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Only addresses of this machine come out: the lab sends nothing anywhere else. */
function resolve({ ref, uri }: Destination, addresses: Readonly<Record<string, string>>): string {
  const known = Object.keys(addresses).join(", ") || "none";
  if (ref) {
    const base = addresses[ref.name];
    if (base === undefined)
      throw new Error(`${ref.kind ?? "Service"} ${ref.name} has no local address; known: ${known}`);
    return new URL(uri ?? "", base).href;
  }
  if (uri === undefined || !URL.canParse(uri))
    throw new Error(`${JSON.stringify(uri)} is no address, and there is no ref`);
  const url = new URL(uri);
  const base = addresses[url.origin] ?? addresses[uri];
  if (base !== undefined) return new URL(`${url.pathname}${url.search}`, base).href;
  if (!["127.0.0.1", "localhost", "[::1]"].includes(url.hostname))
    throw new Error(`${uri} has no local address; known: ${known}`);
  return url.href;
}

/** A reply that is neither empty nor a CloudEvent makes Knative's filter answer 502, which is retried. */
function judgeReply(answer: Answer): Answer {
  if (!isSuccess(answer.status)) return answer;
  const invalid = { status: 502, headers: {}, body: Buffer.alloc(0) };
  if (!isCloudEvent(answer.headers)) return answer.body.length === 0 ? answer : invalid;
  try {
    readEvent(answer.headers, answer.body);
    return answer;
  } catch {
    return invalid;
  }
}

function nextTtl({ attributes }: BrokerEvent): number {
  const text = attributes[TTL_ATTRIBUTE];
  return text !== undefined && /^-?\d+$/.test(text) ? Math.max(Number(text) - 1, 0) : TTL;
}

/** The headers that travel along with an event. @see https://github.com/knative/eventing/blob/main/pkg/utils/headers.go */
function passThrough(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => name === "x-request-id" || name === "retry-after" || name.startsWith("knative-"),
    ),
  );
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
