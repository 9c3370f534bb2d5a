import { isDeepStrictEqual } from "node:util";
import { goType, isJson } from "./object.ts";
import { badRequest, impossiblePatch, unsupportedPatch, type StatusError } from "./status.ts";

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

type Patch = (target: unknown) => unknown;

/**
 * Reads a patch, and gives what it makes of an object. A strategic merge patch is taken as a merge patch: the same for
 * all but lists, which it would merge by key.
 *
 * @throws StatusError 400, or 415 for a kind of patch that isn't supported; the patch itself 422 where it can't be carried out
 */
export function readPatch(contentType: string, body: string): Patch {
  if (![MERGE, STRATEGIC, JSON_PATCH].includes(contentType)) throw unsupportedPatch();
  let patch: unknown;
  try {
    patch = JSON.parse(body);
  } catch {
    throw badRequest("invalid JSON patch");
  }
  if (contentType !== JSON_PATCH) {
    if (!isJson(patch)) throw undecodable(patch, "map[string]interface {}");
    return (target) => merge(target, patch);
  }
  if (!Array.isArray(patch)) throw undecodable(patch, "[]handlers.jsonPatchOp");
  return (target) => patch.reduce<unknown>(operate, structuredClone(target));
}

function undecodable(patch: unknown, type: string): StatusError {
  return badRequest(`error decoding patch: json: cannot unmarshal ${goType(patch)} into Go value of type ${type}`);
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

/** `add`, `replace`, `remove` and `test` on objects and lists. @see https://www.rfc-editor.org/rfc/rfc6902 */
function operate(document: unknown, operation: unknown): unknown {
  if (!isJson(operation) || typeof operation["path"] !== "string")
    throw badRequest("a JSON patch operation needs a path");
  const { op, path, value } = operation as { op: unknown; path: string; value: unknown };
  if (op !== "add" && op !== "replace" && op !== "remove" && op !== "test")
    throw badRequest(`JSON patch operation ${JSON.stringify(op)} is not supported here`);
  const keys = path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop();
  if (last === undefined) return value;
  let parent: unknown = document;
  for (const key of keys)
    parent = isJson(parent) ? parent[key] : Array.isArray(parent) ? (parent as unknown[])[Number(key)] : undefined;
  if (Array.isArray(parent)) {
    const index = last === "-" ? parent.length : Number(last);
    if (op === "test") assertSame(parent[index], value);
    else parent.splice(index, op === "add" ? 0 : 1, ...(op === "remove" ? [] : [value]));
  } else if (isJson(parent) && (op !== "remove" || last in parent)) {
    if (op === "test") assertSame(parent[last], value);
    else if (op === "remove") Reflect.deleteProperty(parent, last);
    else parent[last] = value;
  } else throw impossiblePatch();
  return document;
}

function assertSame(found: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(found, wanted)) throw impossiblePatch();
}
