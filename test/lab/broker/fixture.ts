import { request } from "node:http";
import { startBroker } from "../../../lab/broker/broker.ts";
import type { EmbeddedBroker } from "../../../lab/broker/broker.ts";
import type { DeliverySpec } from "../../../lab/broker/delivery.ts";
import type { SubscriptionsFilter } from "../../../lab/broker/filters.ts";
import type { BrokerNote, Leg } from "../../../lab/broker/notes.ts";
import type { BrokerObject, TriggerObject } from "../../../lab/broker/objects.ts";
import { startSubscriber } from "../subscriber.ts";
import type { Scripted, Subscriber } from "../subscriber.ts";

export const BODY = '{"evt.time":1795451516746609046,  "rule":"Shell in ünïcode"}';
export const HEADERS = {
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-type": "alert",
  "ce-source": "/falco",
  "content-type": "application/json",
};
export const REPLY = {
  status: 200,
  headers: {
    "ce-specversion": "1.0",
    "ce-id": "2",
    "ce-type": "response",
    "ce-source": "/responder",
    "content-type": "application/json",
  },
  body: '{"done":true}',
};
export const QUICK: DeliverySpec = { retry: 3, backoffPolicy: "exponential", backoffDelay: "PT0.2S" };

/** A broker of one test's, `default` in the namespace `default`, with subscribers, and what it tells of its work. */
class Fixture {
  readonly notes: BrokerNote[] = [];
  readonly #open: { close(): Promise<void> }[] = [];
  #broker: EmbeddedBroker | undefined;

  get broker(): EmbeddedBroker {
    if (!this.#broker) throw new Error("the test has started no broker");
    return this.#broker;
  }

  async subscriber(...script: Scripted[]): Promise<Subscriber> {
    const started = await startSubscriber(...script);
    this.#open.push(started);
    return started;
  }

  /** @param subscribers by the name or the address that Triggers know them by */
  async start(
    triggers: TriggerObject[],
    subscribers: Record<string, Subscriber>,
    spec?: BrokerObject["spec"],
  ): Promise<void> {
    this.#broker = await startBroker({
      brokers: [{ metadata: { name: "default", namespace: "default" }, ...(spec ? { spec } : {}) }],
      triggers,
      addresses: Object.fromEntries(Object.entries(subscribers).map(([name, { url }]) => [name, url])),
      timeScale: 0.001,
      onNote: (note) => this.notes.push(note),
    });
    this.#open.push(this.#broker);
  }

  /** Posts over node:http, since fetch refuses some header values. @returns the status answered */
  async post(
    body = BODY,
    headers: Record<string, string> = HEADERS,
    path = "/default/default",
    method = "POST",
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request(`${this.broker.url}${path}`, { method, headers }, (response) => {
        response.resume().on("end", () => {
          resolve(response.statusCode ?? 0);
        });
      });
      // as bytes: Node would write the headers as UTF-8 along with a string
      sent.on("error", reject).end(Buffer.from(body));
    });
  }

  attempts(leg: Leg) {
    return this.notes.filter((note) => note.kind === "attempt").filter((note) => note.leg === leg);
  }

  /** Milliseconds between the attempts on a subscriber; undefined after the last. */
  waits(): (number | undefined)[] {
    return this.attempts("subscriber").map(({ next }) => next);
  }

  async close(): Promise<void> {
    for (const one of this.#open.splice(0).reverse()) await one.close();
  }
}

/** One for the tests of a suite, which is fresh for each. */
export function useFixture(): Fixture {
  const fixture = new Fixture();
  beforeEach(() => {
    fixture.notes.length = 0;
  });
  afterEach(async () => {
    await fixture.close();
  });
  return fixture;
}

/** A Trigger of the broker's whose subscriber is called as it is. */
export function trigger(
  name: string,
  filters: SubscriptionsFilter[] = [],
  spec: Partial<TriggerObject["spec"]> = {},
): TriggerObject {
  return {
    metadata: { name, namespace: "default" },
    spec: { broker: "default", subscriber: { ref: { name } }, filters, ...spec },
  };
}
