import { reasonOf } from "../reason.ts";
import { retryPolicy } from "./delivery.ts";
import type { DeliverySpec, Destination, RetryPolicy } from "./delivery.ts";
import type { BrokerEvent } from "./event.ts";
import { compileFilters } from "./filters.ts";
import { pathOf } from "./objects.ts";
import type { BrokerObject, TriggerObject } from "./objects.ts";

/** Local addresses by the name of a reference, or by the origin of a cluster address (`http://falco.svc:80`). */
export type Addresses = Readonly<Record<string, string>>;

/** A Trigger, ready to be carried out. */
export interface Subscription {
  name: string;
  /** Path of its Broker. */
  broker: string;
  namespace: string;
  wants: (event: BrokerEvent) => boolean;
  subscriber: string;
  deadLetterSink: string | undefined;
  policy: RetryPolicy;
}

/** What Knative gives a Broker without a delivery of its own. */
const DEFAULT_DELIVERY: DeliverySpec = { retry: 10, backoffPolicy: "exponential", backoffDelay: "PT0.2S" };

/**
 * Reads a Trigger.
 *
 * @param brokers by their paths
 * @throws FilterError or Error, which name the Trigger, for one that can't be carried out
 */
export function subscriptionOf(
  trigger: TriggerObject,
  brokers: ReadonlyMap<string, BrokerObject>,
  addresses: Addresses,
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
    throw new Error(`Trigger ${namespace}/${name}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Only addresses of this machine come out: the lab sends nothing anywhere else. */
function resolve({ ref, uri }: Destination, addresses: Addresses): string {
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
