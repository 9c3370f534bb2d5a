import { isJson } from "./object.ts";
import { badRequest, unsupportedMediaType } from "./status.ts";

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

/**
 * Applies a patch. A strategic merge patch is taken as a merge patch: the same for all but lists, which it would merge by key.
 *
 * @throws StatusError 400, or 415 for a kind of patch that isn't supported
 */
export function applyPatch(target: unknown, contentType: string, patch: unknown): unknown {
  if (contentType === MERGE || contentType === STRATEGIC) return merge(target, patch);
  if (contentType !== JSON_PATCH) throw unsupportedMediaType([JSON_PATCH, MERGE, STRATEGIC]);
  if (!Array.isArray(patch)) throw badRequest("a JSON patch is a list of operations");
  return patch.reduce((document: unknown, operation: unknown) => operate(document, operation), structuredClone(target));
}

/** @see https://www.rfc-editor.org/rfc/rfc7386 */
function merge(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const merged: Record<string, unknown> = isJson(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** `add`, `replace` and `remove` on objects and lists. @see https://www.rfc-editor.org/rfc/rfc6902 */
function operate(document: unknown, operation: unknown): unknown {
  if (!isJson(operation) || typeof operation["path"] !== "string") throw badRequest("a JSON patch operation needs a path");
  const { op, path, value } = operation as { op: unknown; path: string; value: unknown };
  if (op !== "add" && op !== "replace" && op !== "remove") throw badRequest(`JSON patch operation ${JSON.stringify(op)} is not supported here`);
  const keys = path.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop();
  if (last === undefined) return value;
  let parent: unknown = document;
  for (const key of keys) parent = isJson(parent) ? parent[key] : Array.isArray(parent) ? (parent as unknown[])[Number(key)] : undefined;
  if (Array.isArray(parent)) {
    const index = last === "-" ? parent.length : Number(last);
    parent.splice(index, op === "add" ? 0 : 1, ...(op === "remove" ? [] : [value]));
  } else if (isJson(parent) && (op === "add" || last in parent)) {
    if (op === "remove") Reflect.deleteProperty(parent, last);
    else parent[last] = value;
  } else throw badRequest(`the path ${path} of the JSON patch does not exist`);
  return document;
}
