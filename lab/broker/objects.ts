import type { DeliverySpec, Destination } from "./delivery.ts";
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

/** Where a Broker is found at the ingress. */
export function pathOf(namespace: string, name: string): string {
  return `/${namespace}/${name}`;
}
