import type { ControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
export interface ToldEvent {
  metadata: { name: string };
  type: string;
  reason: string;
  message: string;
  source: { component: string };
  involvedObject: { apiVersion?: string; kind: string; namespace?: string; name: string; uid?: string };
}

/**
 * The Events that the engine has written in a namespace, once there are as many and each tells what was done: one
 * that stands for a claim alone is still being written.
 * @param about what is known of the object that they are about
 */
export async function toldEvents(
  { api }: ControlPlane,
  namespace: string,
  about: Readonly<Record<string, string>>,
  count: number,
): Promise<ToldEvent[]> {
  const terms = Object.entries(about).map(([field, value]) => `involvedObject.${field}=${value}`);
  const selector = encodeURIComponent([...terms, "source=response-engine"].join(","));
  return eventually(`there are ${count} Events about ${about["name"] ?? ""}`, async () => {
    const { items } = await api.demand<{ items: ToldEvent[] }>(
      "GET",
      `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`,
    );
    return items.length === count && items.every(({ reason }) => reason !== "Responding") && items;
  });
}
