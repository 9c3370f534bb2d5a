import type { Cluster, ListQuery } from "../../../responder/kubernetes/cluster.ts";
import type { ApiError } from "../../../responder/kubernetes/errors.ts";
import { PODS, type Place } from "../../../responder/kubernetes/resources.ts";
import { cluster, CONTAINER_ID, container, POD_UID } from "../fixtures.ts";

/** What the API gives to one request: what fits it, or this. */
export type Given = "fitting" | { object: object } | { failure: ApiError };

/** One request, as the API would see it, and what it gave. */
export interface Asked {
  verb: "get" | "list" | "create" | "patch" | "delete";
  place: Place;
  /** Its body, its query, or its options. */
  body: unknown;
  answer?: unknown;
}

/** A cluster that gives one after the other what it is told to, over and over, and keeps what it was asked. */
export function watchedCluster(given: readonly Given[], printed: string): Cluster & { asked: Asked[] } {
  const asked: Asked[] = [];
  const fitting = fittingCluster(printed);
  let next = 0;
  const ask = async <T>(request: Asked, fit: () => Promise<T>, from: (object: object) => NoInfer<T>): Promise<T> => {
    asked.push(request);
    const one = given[next++ % given.length] ?? "fitting";
    if (one !== "fitting" && "failure" in one) throw one.failure;
    const answer = one === "fitting" ? await fit() : from(one.object);
    request.answer = answer;
    return answer;
  };
  const whole = (object: object) => object as never;
  return {
    asked,
    get: (place) => ask({ verb: "get", place, body: {} }, () => fitting.get(place), whole),
    metadata: (place) => ask({ verb: "get", place, body: {} }, () => fitting.metadata(place), whole),
    list: <T extends object>(place: Place, query: ListQuery, keep: (item: object) => T | undefined) =>
      ask(
        { verb: "list", place, body: query },
        () => fitting.list(place, query, keep),
        (object) => ({ items: [object, object].flatMap((item) => keep(item) ?? []), more: true }),
      ),
    follow: (place, selectors, follower) => fitting.follow(place, selectors, follower),
    create: (place, body) => ask({ verb: "create", place, body }, () => fitting.create(place, body), whole),
    patch: (place, body) => ask({ verb: "patch", place, body }, () => fitting.patch(place, body), whole),
    delete: (place, options) =>
      ask({ verb: "delete", place, body: options }, () => fitting.delete(place, options), whole),
    log: (place, query) =>
      ask(
        { verb: "get", place: { ...place, subresource: "log" }, body: query },
        () => fitting.log(place, query),
        () => printed,
      ),
    exec: (command) => {
      const place = { resource: PODS, namespace: command.namespace, name: command.pod, subresource: "exec" } as const;
      const ended = { output: printed, truncated: false };
      return ask(
        { verb: "create", place, body: command },
        () => Promise.resolve(ended),
        () => ended,
      );
    },
  };
}

const SINCE = "2026-11-23T16:00:00Z";

function fittingCluster(printed: string): Cluster {
  const found = (name: string, uid: string) => ({
    metadata: { name, namespace: "default", uid, creationTimestamp: SINCE, labels: { app: "web" } },
    spec: { nodeName: "node-1", containers: [{ name: "app" }] },
    status: { containerStatuses: [container("app", { containerID: CONTAINER_ID })] },
  });
  return cluster({
    pod: () => found("alpine", POD_UID),
    onNode: () => [found("alpine", POD_UID), found("beside", "beside-uid")],
    node: () => ({ metadata: { name: "node-1", uid: "node-uid", creationTimestamp: SINCE } }),
    object: (_kind, name) => ({ metadata: { name, uid: "owner", creationTimestamp: SINCE } }),
    log: () => printed,
  });
}
