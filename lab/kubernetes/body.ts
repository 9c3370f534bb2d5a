import type { IncomingMessage } from "node:http";
import { isMap } from "../../responder/json.ts";
import { reasonOf } from "../reason.ts";
import type { DeleteOptions } from "./deletion.ts";
import { goType, isObjectInput } from "./object.ts";
import type { Json, ObjectInput } from "./object.ts";
import { badRequest, invalid, StatusError, unsupportedMediaType } from "./status.ts";
import { unknownKind } from "./validation.ts";

const BODY_LIMIT = 3 * 1024 * 1024;

/** @throws StatusError 413 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT)
      throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${BODY_LIMIT}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** What a DELETE asks for, in its body or its query. @throws StatusError 400, 415 or 422 */
export function parseDeleteOptions(query: URLSearchParams, request: IncomingMessage, body: string): DeleteOptions {
  if (body === "") {
    const seconds = query.get("gracePeriodSeconds");
    const dryRun = query.getAll("dryRun");
    if (seconds !== null && !/^-?\d+$/.test(seconds))
      throw badRequest(`strconv.ParseInt: parsing "${seconds}": invalid syntax`);
    return {
      ...(seconds === null ? {} : { gracePeriodSeconds: Number(seconds) }),
      ...(dryRun.length > 0 ? { dryRun } : {}),
    };
  }
  if (mediaType(request) !== "application/json") throw unsupportedMediaType();
  const options = parseJson(body);
  const { kind, gracePeriodSeconds: seconds, preconditions, dryRun } = options;
  if (kind !== undefined && kind !== "DeleteOptions")
    throw badRequest(unknownKind(textOf(kind), textOf(options["apiVersion"])));
  if (seconds !== undefined && seconds !== null && !Number.isInteger(seconds))
    throw mistyped(seconds, "gracePeriodSeconds", "int64");
  if (preconditions !== undefined && !isMap(preconditions))
    throw mistyped(preconditions, "preconditions", "v1.Preconditions");
  if (Array.isArray(dryRun) && dryRun.some((one) => one !== "All")) {
    const message = `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`;
    throw invalid("meta.k8s.io", "DeleteOptions", "", [{ reason: "FieldValueNotSupported", message, field: "dryRun" }]);
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function mistyped(value: unknown, field: string, type: string): StatusError {
  return badRequest(
    `json: cannot unmarshal ${goType(value)} into Go struct field DeleteOptions.${field} of type ${type}`,
  );
}

/** @throws StatusError 400 or 415 */
export function parseObject({ kind }: { kind: string }, request: IncomingMessage, body: string): ObjectInput {
  if (mediaType(request) !== "application/json") throw unsupportedMediaType();
  const object = parseJson(body, `the object provided is unrecognized (must be of type ${kind}): `);
  return isObjectInput(object) ? object : { ...object, metadata: {} };
}

function parseJson(body: string, context = ""): Json {
  let why: string;
  try {
    const value: unknown = JSON.parse(body);
    if (isMap(value)) return value;
    why = `json: cannot unmarshal ${goType(value)} into Go value`;
  } catch (error) {
    why = reasonOf(error);
  }
  throw badRequest(`${context}couldn't get version/kind; json parse error: ${why}`);
}

/** Without its parameters. */
export function mediaType(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? "";
}
