import { findByContainer } from "../actions/pods/find-by-container.ts";
import type { Alert } from "../alerts/alert.ts";
import { raisedAtOf } from "../alerts/named.ts";
import { apiErrorOf, finalityOf, type ApiError } from "../kubernetes/errors.ts";
import { isAnswerable } from "../rules/answering.ts";
import { RetryLater, type Engine } from "./engine.ts";

/**
 * An alert of a container whose pod Falco could not name, with the pod that is found by the container's id on the
 * alert's node, where the stack wants that looked for; any other as it is. The rules then match it as if Falco had
 * named the pod.
 * @param apiErrors gets what the API refused
 * @throws {RetryLater} where the API can't say for now
 */
export async function withPod(alert: Alert, engine: Engine, apiErrors: ApiError[]): Promise<Alert> {
  const { containerId, containerNode: node, ...named } = alert.named;
  const isWanted = engine.findByContainer === true && engine.rules.some(({ dryRun }) => !dryRun);
  if (!isWanted || containerId === undefined || !isAnswerable(alert)) return alert;
  if (node === undefined) return unfound(alert, "and the alert names no node to look for it on");
  try {
    const found = await findByContainer(engine.cluster, containerId, node);
    if (typeof found === "string") return unfound(alert, `and ${found}`);
    const { namespace, name, uid = "" } = found;
    const fields = [
      ["k8s.ns.name", namespace],
      ["k8s.pod.name", name],
      ["k8s.pod.uid", uid],
    ] as const;
    const raisedAt = raisedAtOf(alert.time);
    const pod = { ...found, ...(raisedAt !== undefined && { raisedAt }) };
    return { ...alert, fields: new Map([...alert.fields, ...fields]), named: { ...named, pod } };
  } catch (thrown) {
    const error = apiErrorOf(thrown);
    apiErrors.push(error);
    const message = `looking for container ${containerId} on node ${node} failed: ${error.message}`;
    if (finalityOf(error) === "once more") throw new RetryLater(message, apiErrors);
    return unfound(alert, `and ${message}`);
  }
}

function unfound(alert: Alert, lookedFor: string): Alert {
  return { ...alert, named: { ...alert.named, lookedFor } };
}
