/**
 * An embedded CloudEvents broker that carries out Knative Broker and Trigger objects: filters, retries, dead letter
 * sinks, replies. It is for the lab and the tests alone: it keeps nothing, and delivers synchronously as Knative's
 * in-memory channel does.
 */
import { Agent, createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { listen } from "../listen.ts";
import type { Sender } from "./delivery.ts";
import { dispatch, passThrough } from "./dispatch.ts";
import { ingest } from "./ingress.ts";
import type { BrokerNote } from "./notes.ts";
import { pathOf } from "./objects.ts";
import type { BrokerObject, TriggerObject } from "./objects.ts";
import { subscriptionOf } from "./subscription.ts";
import type { Addresses } from "./subscription.ts";

export interface BrokerOptions {
  brokers: readonly BrokerObject[];
  triggers: readonly TriggerObject[];
  addresses: Addresses;
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
  subscribe(triggers: readonly TriggerObject[], addresses: Addresses): void;
  close(): Promise<void>;
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
  const byPath = new Map(
    brokers.map((broker) => [pathOf(broker.metadata.namespace ?? "default", broker.metadata.name), broker]),
  );
  const subscriptions = triggers.map((trigger) => subscriptionOf(trigger, byPath, addresses));
  const closing = new AbortController();
  const agent = new Agent({ keepAlive: true });
  const sender: Sender = { agent, timeScale, signal: closing.signal };

  async function take(request: IncomingMessage): Promise<{ status: number; reason?: string }> {
    const ingested = await ingest(request, [...byPath.keys()]);
    if (!("event" in ingested)) return ingested;
    const { broker, event } = ingested;
    onNote({ kind: "accepted", event });
    const passed = passThrough(request.headers);
    const mine = subscriptions.filter((subscription) => subscription.broker === broker);
    const results = await Promise.all(
      mine.map((subscription) => dispatch({ url, sender, onNote }, subscription, event, passed)),
    );
    return { status: results.every(Boolean) ? 202 : 500 };
  }

  const server = createServer((request, response) => {
    void take(request).then(({ status, reason }) => {
      if (reason !== undefined) onNote({ kind: "refused", status, reason });
      if (!response.destroyed) response.writeHead(status, { Allow: "POST, OPTIONS" }).end();
    });
  });
  const { url, close } = await listen(server);
  return {
    url,
    addressOf: (namespace, name) => `${url}${pathOf(namespace, name)}`,
    subscribe: (more, known) => {
      subscriptions.push(...more.map((trigger) => subscriptionOf(trigger, byPath, known)));
    },
    async close() {
      closing.abort();
      agent.destroy();
      await close();
    },
  };
}
