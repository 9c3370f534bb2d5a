import { applyPatch, Pointer, type Operation } from "rfc6902";
import { isMap } from "../../responder/json.ts";
import { goType } from "./object.ts";
import { badRequest, impossiblePatch, unsupportedPatch, type StatusError } from "./status.ts";

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";
const OPERATIONS: readonly Operation["op"][] = ["add", "remove", "replace", "move", "copy", "test"];

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
    if (!isMap(patch)) throw undecodable(patch, "map[string]interface {}");
    return (target) => merge(target, patch);
  }
  if (!Array.isArray(patch)) throw undecodable(patch, "[]handlers.jsonPatchOp");
  return (target) => operate(target, patch);
}

function undecodable(patch: unknown, type: string): StatusError {
  return badRequest(`error decoding patch: json: cannot unmarshal ${goType(patch)} into Go value of type ${type}`);
}

/** @see https://www.rfc-editor.org/rfc/rfc7386 */
function merge(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** @see https://www.rfc-editor.org/rfc/rfc6902 */
function operate(target: unknown, operations: readonly unknown[]): unknown {
  const document = structuredClone(target);
  for (const operation of operations) {
    if (!isMap(operation) || typeof operation["path"] !== "string")
      throw badRequest("a JSON patch operation needs a path");
    const { op } = operation;
    if (!OPERATIONS.some((one) => one === op))
      throw badRequest(`JSON patch operation ${JSON.stringify(op)} is none of ${OPERATIONS.join(", ")}`);
    if (!isCarriedOut(document, asTheServerDoes(document, operation as unknown as Operation))) throw impossiblePatch();
  }
  return document;
}

/** The real server lets a map's key be replaced that isn't there. @see https://github.com/evanphx/json-patch/tree/v4.12.0 */
function asTheServerDoes(document: unknown, operation: Operation): Operation {
  if (operation.op !== "replace" || !operation.path.startsWith("/")) return operation;
  return isMap(Pointer.fromJSON(operation.path).parent().get(document)) ? { ...operation, op: "add" } : operation;
}

/** Changes the document; rfc6902 answers with most of what goes wrong, and throws what is no JSON pointer. */
function isCarriedOut(document: unknown, operation: Operation): boolean {
  try {
    return applyPatch(document, [operation])[0] === null;
  } catch {
    return false;
  }
}
