import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isMap, parsed } from "../json.ts";
import { LIMITS } from "../limits.ts";
import type { Credentials } from "./credentials.ts";
import { ApiError, statusError } from "./errors.ts";
import type { KubernetesObject } from "./objects.ts";
import { OBJECT, shaped } from "./shapes.ts";

/** Is told of the objects that are followed, of each its metadata alone. */
export interface Follower {
  /** All there are, at first. */
  all: (objects: readonly KubernetesObject[]) => void;
  /** One that is new or has changed, or is no longer there (or no longer what is followed). */
  changed: (object: KubernetesObject, isThere: boolean) => void;
}

/** Seconds after which the API ends a watch by itself, and milliseconds of silence after which it is taken for dead. */
const WATCH_SECONDS = 240;
const SILENCE = 270_000;

/**
 * Watches a collection from a version on, until the API ends the watch.
 * @param path of the collection, with the selectors
 * @param version of the list that `follower` has been told
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * @throws {ApiError}
 */
export async function watch(
  credentials: Credentials,
  { path, query, accept }: { path: string; query: URLSearchParams; accept: string },
  version: string,
  follower: Follower,
): Promise<void> {
  const { server, headers, tls } = await credentials();
  const asked = new URLSearchParams(query);
  asked.set("watch", "true");
  asked.set("resourceVersion", version);
  asked.set("timeoutSeconds", `${WATCH_SECONDS}`);
  const url = new URL(`${server.pathname.replace(/\/$/, "")}${path}?${asked.toString()}`, server);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, { method: "GET", headers: { ...headers, accept }, ...tls, agent: false }, (answer) => {
    read(answer, follower).then(resolve, reject);
  });
  request.setTimeout(SILENCE, () => request.destroy(new Error("nothing came for too long")));
  request.on("error", (error) => {
    reject(new ApiError("unreachable", error.message));
  });
  request.on("socket", (socket) => {
    socket.setKeepAlive(true, 5000);
    // a watch keeps nobody from going
    socket.unref();
  });
  request.end();
  try {
    await promise;
  } finally {
    request.destroy();
  }
}

async function read(answer: IncomingMessage, follower: Follower): Promise<undefined> {
  const failed = answer.statusCode !== 200;
  const most = failed ? LIMITS.errorAnswer : LIMITS.answer;
  let rest = "";
  try {
    for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) {
      rest += chunk;
      if (!failed) {
        const lines = rest.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") tell(line, follower);
      }
      if (rest.length > most) break;
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError("broken", `the watch broke off: ${(error as Error).message}`);
  }
  if (failed) throw statusError(answer.statusCode ?? 0, rest.slice(0, most), undefined);
  if (rest.length > most) throw new ApiError("broken", `one change is larger than ${most} bytes`);
  return undefined;
}

function tell(line: string, follower: Follower): void {
  const event = parsed(line);
  const [type, object] = isMap(event) ? [event["type"], event["object"]] : [];
  if (typeof type !== "string" || !isMap(object)) throw new ApiError("not-kubernetes", "a watch's line is no change");
  if (type === "ERROR") throw statusError(Number(object["code"]) || 500, JSON.stringify(object), undefined);
  if (type === "BOOKMARK") return;
  follower.changed(shaped(object, OBJECT), type !== "DELETED");
}
