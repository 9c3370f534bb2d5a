import type { KubernetesObject, RequestOptions } from "../../support/api.ts";

/** Where everything that is in a namespace is put. */
export const NAMESPACE = "embedded";
export const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
export const pod = `${pods}/alpine`;
export const apps = `/apis/apps/v1/namespaces/${NAMESPACE}`;
/** Nothing's UID. */
export const NOBODY = "00000000-0000-0000-0000-000000000000";
const MERGE = "application/merge-patch+json";

export interface Request extends Omit<RequestOptions, "token"> {
  method: string;
  path: string;
  /** The administrator, where it isn't said. */
  as?: "reader" | "anonymous" | "impostor";
  /** What the answer says in the end: the request is sent again until then, as controllers take their time. */
  until?: string;
  /** Asks for a WebSocket that speaks one of these. */
  protocols?: readonly string[];
}

/** Makes of what the server has answered so far the next request. */
export type Step = Request | ((before: readonly KubernetesObject[]) => Request);

/** Answered by both servers alike, and leaving the same behind. */
export type Table = Record<string, readonly Step[]>;

export function get(path: string, as?: Request["as"]): Request {
  return { method: "GET", path, ...(as && { as }) };
}

/** Asks for the answer in a form of its own. @param accept a header's value; empty for none */
export function getAs(path: string, accept: string): Request {
  return { method: "GET", path, accept };
}

/** An object's metadata alone. */
export const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

export function post(path: string, body: unknown, more: Partial<Request> = {}): Request {
  return { method: "POST", path, body, ...more };
}

export function patch(path: string, body: unknown, more: Partial<Request> = {}): Request {
  return { method: "PATCH", path, body, contentType: MERGE, ...more };
}

export function remove(path: string, options?: Record<string, unknown>, more: Partial<Request> = {}): Request {
  return { method: "DELETE", path, ...(options && { body: options }), ...more };
}

/** A merge patch that is for one version alone: the first that was answered. */
export function patchFirst(path: string, body: { metadata?: object }): Step {
  return ([first]) =>
    patch(path, { ...body, metadata: { ...body.metadata, resourceVersion: first?.metadata?.["resourceVersion"] } });
}

export function podOf(changes: { metadata?: object; spec?: object } = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    // kwok takes away, by its name alone, what has been deleted, and so may take away a later pod: not while this runs
    metadata: { name: "alpine", annotations: { "pod-delete.stage.kwok.x-k8s.io/delay": "1h" }, ...changes.metadata },
    spec: { nodeName: "node-0", containers: [{ name: "main", image: "alpine:3" }], ...changes.spec },
  };
}

/** On no node: the default scheduler leaves it alone. */
export function podOnNoNode(metadata: object = {}): object {
  return podOf({ metadata, spec: { nodeName: undefined, schedulerName: "none" } });
}

/** A pod on a node, and one on none. */
export const created = post(pods, podOf());
export const waiting = post(pods, podOnNoNode());

/** A workload without pods. */
export function workload(kind: string): object {
  const labels = { app: "cart" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "alpine:3" }] } };
  const spec = {
    replicas: 0,
    selector: { matchLabels: labels },
    template,
    ...(kind === "StatefulSet" && { serviceName: "cart" }),
  };
  return { apiVersion: "apps/v1", kind, metadata: { name: "cart" }, spec };
}

/** A pod of several containers. */
export const several = post(
  pods,
  podOf({
    spec: {
      initContainers: [{ name: "init", image: "alpine:3" }],
      containers: ["main", "sidecar"].map((name) => ({ name, image: "alpine:3" })),
    },
  }),
);
