import { isMap } from "../../responder/json.ts";

/** A JSON object whose fields are not known yet. */
export type Json = Record<string, unknown>;

/** What Kubernetes keeps about every object. @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  generation?: number;
  /** RFC 3339; when the grace period ends, once a delete has been asked for. */
  deletionTimestamp?: string;
  /** Seconds. */
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: Json[];
}

/** An object as the embedded API stores it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: Json;
  status?: Json;
  [field: string]: unknown;
}

/** An object as someone sends it: only the name is asked for. */
export interface ObjectInput {
  apiVersion?: string;
  kind?: string;
  metadata: Partial<ObjectMeta> & { generateName?: string };
  spec?: Json;
  status?: Json;
  [field: string]: unknown;
}

/** What Go's encoding/json calls a value's type. */
export function goType(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
}

/** Kubernetes' times have no fraction of a second. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Whether a value can be taken as an object: it has a metadata object. */
export function isObjectInput(value: unknown): value is ObjectInput {
  return isMap(value) && isMap(value["metadata"]);
}
