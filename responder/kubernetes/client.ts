import { isMap, parsed } from "../json.ts";
import { LIMITS } from "../limits.ts";
import type { Cluster, ListQuery } from "./cluster.ts";
import { credentialsFrom } from "./credentials.ts";
import { ApiError, statusError } from "./errors.ts";
import { commandRunner } from "./exec.ts";
import { watch } from "./follow.ts";
import { Gate } from "../gate.ts";
import { pathOf, type Place } from "./resources.ts";
import { OBJECT, shaped } from "./shapes.ts";
import { transport, type ApiRequest } from "./transport.ts";

/**
 * The Kubernetes API as the ServiceAccount of the pod sees it, or as a kubeconfig says.
 * @param timeout milliseconds that one request may take
 * @throws {Error} where no cluster is named
 */
export function connect(timeout: number, kubeconfig?: string): Cluster {
  const credentials = credentialsFrom(kubeconfig);
  const send = transport(credentials, timeout);
  const [requests, large] = [new Gate(LIMITS.requestsAtOnce), new Gate(LIMITS.largeAtOnce)];
  const long = new Gate(LIMITS.longAtOnce);

  const ask = async (at: Place, asked: Omit<ApiRequest, "path">, query = ""): Promise<string> => {
    const path = `${pathOf(at)}${query === "" ? "" : `?${query}`}`;
    return await requests.run(() => send({ ...asked, path }));
  };
  // an object of the kind that was asked for: who asks knows what that looks like
  const askFor = async (at: Place, asked: Omit<ApiRequest, "path">): Promise<never> =>
    objectIn(await ask(at, asked), LIMITS.values, at.subresource === "eviction" ? "Status" : at.resource.kind) as never;

  return {
    get: (at) => large.run(() => askFor(at, { method: "GET" })),
    metadata: (at) =>
      large.run(async () =>
        objectIn(await ask(at, { method: "GET", accept: METADATA }), LIMITS.values, at.resource.kind, PARTIAL),
      ),
    list: (at, query, keep) =>
      long.run(async () => {
        const { items, more } = await pages(at, query, keep, ask);
        return { items, more };
      }),
    follow: async (at, selectors, follower) => {
      const query = { ...selectors, limit: LIMITS.listed };
      const keep = (item: object) => shaped(item, OBJECT);
      const { items, more, version } = await long.run(() => pages(at, query, keep, ask, METADATA_LIST));
      if (more) throw new ApiError("broken", `there are more than ${LIMITS.listed} ${at.resource.name} to follow`);
      follower.all(items);
      const asked = { path: pathOf(at), query: new URLSearchParams({ ...selectors }), accept: METADATA };
      await watch(credentials, asked, version, follower);
    },
    create: (at, body) => askFor(at, { method: "POST", body }),
    patch: (at, body) => askFor(at, { method: "PATCH", body }),
    delete: async (at, { uid, gracePeriodSeconds }) => {
      // what a Job owns would stay behind otherwise
      const body = { propagationPolicy: "Background", preconditions: { uid }, gracePeriodSeconds };
      const answer = objectIn(await ask(at, { method: "DELETE", body }), LIMITS.values, at.resource.kind, "Status");
      return answer["kind"] === "Status" ? undefined : answer;
    },
    log: ({ ...at }, { container, tailLines, previous = false }) => {
      const query = new URLSearchParams({ container, tailLines: `${tailLines}`, limitBytes: `${LIMITS.logRead}` });
      if (previous) query.set("previous", "true");
      // the limit is the log's own; what comes with it is small
      const asked = { method: "GET", isText: true, limit: LIMITS.logRead + 1024 } as const;
      return long.run(() => ask({ ...at, subresource: "log" }, asked, query.toString()));
    },
    exec: commandRunner(credentials),
  };
}

const PARTIAL = "PartialObjectMetadata";

/** @see https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const METADATA = `application/json;as=${PARTIAL};g=meta.k8s.io;v=v1,application/json`;

const METADATA_LIST = `application/json;as=${PARTIAL}List;g=meta.k8s.io;v=v1,application/json`;

/**
 * The first items of a collection, until `limit`, as much as is read of a list, or the end.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
async function pages<T extends object>(
  at: Place,
  { limit, ...selectors }: ListQuery,
  keep: (item: object) => T | undefined,
  ask: (at: Place, asked: Omit<ApiRequest, "path">, query: string) => Promise<string>,
  accept?: string,
): Promise<{ items: T[]; more: boolean; version: string }> {
  const items: T[] = [];
  let next = "";
  let version = "";
  let [bytes, kept, read, seen] = [0, 0, 0, 0];
  do {
    const query = new URLSearchParams({ ...selectors, limit: `${Math.min(LIMITS.page, limit - seen)}` });
    if (next !== "") query.set("continue", next);
    const asked = { method: "GET", limit: LIMITS.listAnswer, ...(accept !== undefined && { accept }) } as const;
    const answer = await ask(at, asked, query.toString());
    bytes += answer.length;
    read += 1;
    const list = objectIn(answer, LIMITS.listValues, `${at.resource.kind}List`, `${PARTIAL}List`);
    if (!Array.isArray(list["items"]) || !list["items"].every(isMap)) throw notTheApi();
    seen += list["items"].length;
    for (const item of list["items"] as object[]) {
      const one = keep(item);
      if (!one) continue;
      kept += JSON.stringify(one).length;
      if (kept > LIMITS.listKept) return { items, more: true, version };
      items.push(one);
    }
    const metadata = isMap(list["metadata"]) ? list["metadata"] : {};
    // the pages of a list are all of one version
    version = typeof metadata["resourceVersion"] === "string" ? metadata["resourceVersion"] : version;
    next = typeof metadata["continue"] === "string" ? metadata["continue"] : "";
    // a page may be empty, and a list of them without end
  } while (next !== "" && seen < limit && bytes < LIMITS.listAnswers && read < LIMITS.pages);
  return { items, more: next !== "", version };
}

/** The object of an answer. A 2xx that holds anything else isn't the API's, or isn't a yes. @throws {ApiError} */
function objectIn(text: string, most: number, ...kinds: readonly string[]): Record<string, unknown> {
  const object = parsed(text, most);
  if (!isMap(object)) throw notTheApi();
  if (object["kind"] === "Status" && object["status"] !== "Success") {
    const { code } = object;
    // it becomes a label of the metrics
    const isOne = typeof code === "number" && Number.isInteger(code) && code >= 400 && code < 600;
    throw statusError(isOne ? code : 500, text, undefined);
  }
  if (!kinds.includes(object["kind"] as string)) throw notTheApi();
  return object;
}

function notTheApi(): ApiError {
  return new ApiError("not-kubernetes", "the answer isn't what the Kubernetes API gives for it");
}
