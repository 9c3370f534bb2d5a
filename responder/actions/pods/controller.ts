import type { V1OwnerReference, V1ReplicaSet } from "@kubernetes/client-node";
import { isMap } from "../../json.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { ifThere } from "../../kubernetes/if-there.ts";
import { WORKLOADS, type Resource } from "../../kubernetes/resources.ts";
import { REPLICATED, shaped, type Looked } from "../../kubernetes/shapes.ts";
import { isObjectName } from "../../names.ts";

/** What owns an object and would replace it. Its name is one: whoever can change a pod could write any. */
export interface Controller {
  kind: string;
  name: string;
  uid: string;
  /** undefined for a kind that isn't Kubernetes' own. */
  resource: Resource | undefined;
}

/** An object, as far as its owners go. */
export interface Owned {
  metadata?: { uid?: string; ownerReferences?: unknown };
}

/** How many owner references are looked at. */
const MOST = 64;

/** The controller of a pod, or of a controller; undefined where it has none, or says nonsense of it. */
export function controllerOf({ metadata }: Owned): Controller | undefined {
  const references: unknown = metadata?.ownerReferences;
  if (!Array.isArray(references)) return undefined;
  const reference: unknown = references.slice(0, MOST).find((one) => isMap(one) && one["controller"] === true);
  if (!isMap(reference)) return undefined;
  const { apiVersion, kind, name, uid } = reference as Partial<Record<keyof V1OwnerReference, unknown>>;
  if (typeof kind !== "string" || !/^[A-Za-z]{1,63}$/.test(kind) || typeof name !== "string" || typeof uid !== "string")
    return undefined;
  const resource = WORKLOADS.find((one) => one.apiVersion === apiVersion && one.kind === kind);
  if (!(resource?.isName ?? isObjectName)(name)) return undefined;
  return { kind, name, uid, resource };
}

/** The controller itself; undefined for one that isn't Kubernetes' own, is gone, or is another of its name. @throws {ApiError} */
export async function readController(
  cluster: Cluster,
  namespace: string,
  { resource, name, uid }: Controller,
  looked: Looked<V1ReplicaSet> = REPLICATED,
): Promise<V1ReplicaSet | undefined> {
  if (!resource) return undefined;
  const answer = await ifThere(cluster.get({ resource, namespace, name }));
  const object = answer && shaped(answer, looked);
  return object?.metadata?.uid === uid ? object : undefined;
}
