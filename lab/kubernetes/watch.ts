import type { ServerResponse } from "node:http";
import type { ChangeListener } from "./contents.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import { selector } from "./selectors.ts";
import { StatusError } from "./status.ts";
import type { Store } from "./store.ts";
import type { Target } from "./target.ts";

/**
 * Answers a watch: a line of JSON for each change after a list's version, until the client goes or its time is over.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * @throws StatusError 400, or 410 for a version that is too old
 */
export function serveWatch(
  store: Store,
  resource: Resource,
  { attributes: { namespace }, query }: Target,
  response: ServerResponse,
): void {
  const isSelected = selector(resource, query);
  const version = query.get("resourceVersion") ?? store.version;
  const past = store.changesSince(version);
  if (!past) throw new StatusError(410, "Expired", `too old resource version: ${version} (${store.version})`);
  const tell: ChangeListener = (type, object, before) => {
    if (object.kind !== resource.kind || object.apiVersion !== apiVersionOf(resource)) return;
    if (namespace !== "" && resource.namespaced && object.metadata.namespace !== namespace) return;
    const was = before !== undefined && isSelected(before);
    const is = type !== "DELETED" && isSelected(object);
    if (!was && !is) return;
    // to who watches a selection, what comes into it is new, and what leaves it is gone
    const seen = is ? (was ? "MODIFIED" : "ADDED") : "DELETED";
    response.write(`${JSON.stringify({ type: seen, object })}\n`);
  };
  response.writeHead(200, { "Content-Type": "application/json" });
  response.flushHeaders();
  for (const change of past) tell(...change);
  const stop = store.watch(tell);
  const seconds = Number(query.get("timeoutSeconds"));
  const timer = setTimeout(() => response.end(), (seconds > 0 ? seconds : 1800) * 1000);
  timer.unref();
  response.once("close", () => {
    clearTimeout(timer);
    stop();
  });
}
