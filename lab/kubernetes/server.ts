/**
 * An embedded Kubernetes API over HTTP: pods and what owns them, RBAC, and the real server's answers.
 * It is for the lab and the tests alone: it keeps everything in memory, speaks plain HTTP on the loopback
 * address and knows no more of Kubernetes than the responder needs.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { anonymous, createAuthorizer, MASTERS, refusal, serviceAccount } from "./authorizer.ts";
import type { Attributes, RbacObject, User } from "./authorizer.ts";
import { goType, isJson } from "./object.ts";
import type { Json, KubernetesObject, ObjectInput } from "./object.ts";
import { readPatch } from "./patch.ts";
import { RESOURCES } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { badRequest, forbidden, invalid, methodNotAllowed, StatusError, unauthorized, unknownPath, unsupportedMediaType } from "./status.ts";
import { isObjectInput, Store, unknownKind } from "./store.ts";
import type { DeleteOptions } from "./store.ts";

/** A request as the log keeps it. */
export interface LoggedRequest {
  user: string;
  /** RBAC's verb: get, list, create, update, patch, delete. */
  verb: string;
  method: string;
  path: string;
  /** The status answered; 0 for a request left without an answer. */
  status: number;
}

/** Makes the next requests go wrong. */
export interface Fault {
  /** The status to answer, `hang` to never answer, `reset` to cut the connection. */
  answer: 429 | 500 | 503 | 504 | "hang" | "reset";
  /** How many requests. */
  times: number;
  /** Only requests of this verb. */
  verb?: string;
}

export interface KubernetesOptions {
  /** Roles and bindings in force, as plain JSON. */
  rbac?: readonly RbacObject[];
  resources?: readonly Resource[];
  /** How long a second of a grace period lasts, in seconds. Default 1. */
  graceScale?: number;
}

/** The embedded API, listening. */
export interface Kubernetes {
  url: string;
  /** Its user may do everything. */
  adminToken: string;
  store: Store;
  /** Every request answered, oldest first. */
  requests: readonly LoggedRequest[];
  /** A bearer token for a ServiceAccount. */
  tokenFor(namespace: string, name: string): string;
  /** A kubeconfig file's text for a token; JSON, which is YAML. */
  kubeconfig(token: string): string;
  fail(fault: Fault): void;
  close(): Promise<void>;
}

const BODY_LIMIT = 3 * 1024 * 1024;
const REASONS: Record<number, [reason: string, message: string]> = {
  429: ["TooManyRequests", "Too many requests, please try again later."],
  500: ["InternalError", "Internal error occurred: injected by the lab"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: ["Timeout", "Timeout: request did not complete within the allotted timeout"],
};

/** Starts the embedded API on a free port. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  const store = new Store(options.resources ?? RESOURCES, options.graceScale);
  const authorized = createAuthorizer(options.rbac ?? []);
  const adminToken = randomUUID();
  const users = new Map<string, User>([[adminToken, { name: "lab-admin", groups: [MASTERS, "system:authenticated"] }]]);
  const requests: LoggedRequest[] = [];
  const faults: Fault[] = [];

  const server = createServer((request, response) => {
    void serve(request, response);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = parseTarget(store.resources, request);
    const entry: LoggedRequest = { user: "", verb: target.attributes.verb, method: request.method ?? "GET", path: request.url ?? "/", status: 0 };
    requests.push(entry);
    try {
      const body = await readBody(request);
      const user = authenticate(users, request);
      entry.user = user.name;
      const fault = takeFault(faults, entry.verb);
      if (fault?.answer === "hang") return;
      if (fault?.answer === "reset") {
        response.destroy();
        return;
      }
      if (fault) throw injected(fault.answer);
      const { attributes } = target;
      if (!authorized(user, attributes)) throw forbidden(attributes.apiGroup, attributes.resource, attributes.name, refusal(user, attributes));
      const answer = handle(store, target, request, body);
      entry.status = answer.code;
      send(response, answer.code, answer.body);
    } catch (error) {
      const status = error instanceof StatusError ? error : new StatusError(500, "InternalError", `Internal error occurred: ${String(error)}`);
      entry.status = status.code;
      if (status.code === 429) response.setHeader("Retry-After", "1");
      send(response, status.code, status.toStatus());
    }
  }

  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    adminToken,
    store,
    requests,
    tokenFor(namespace, name) {
      const token = randomUUID();
      users.set(token, serviceAccount(namespace, name));
      return token;
    },
    kubeconfig: (token) => kubeconfig(`http://127.0.0.1:${port}`, token),
    fail: (fault) => {
      faults.push({ ...fault });
    },
    async close() {
      store.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Target {
  resource: Resource | undefined;
  attributes: Attributes;
  query: URLSearchParams;
}

const PATH = /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)\/(?:namespaces\/(?<namespace>[^/]+)\/(?=[^/]))?(?<resource>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?\/?$/;

/** @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
function parseTarget(resources: readonly Resource[], request: IncomingMessage): Target {
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
  const method = request.method ?? "GET";
  const parts = resourcePath(pathname);
  if (!parts) {
    const attributes = { verb: method.toLowerCase(), apiGroup: "", resource: "", subresource: "", namespace: "", name: "", path: pathname };
    return { resource: undefined, attributes, query };
  }
  const { group = "", version = "", namespace = "", resource: plural = "", name = "", subresource = "" } = parts;
  const resource = resources.find((one) => one.group === group && one.version === version && one.resource === plural);
  return { resource, query, attributes: { verb: verbOf(method, name), apiGroup: group, resource: plural, subresource, namespace: plural === "namespaces" ? name : namespace, name, path: pathname } };
}

function resourcePath(pathname: string): Partial<Record<string, string>> | undefined {
  const groups = PATH.exec(pathname)?.groups;
  if (!groups) return undefined;
  const decoded = Object.fromEntries(Object.entries(groups).map(([key, value]) => [key, value && decodeURIComponent(value)]));
  // `/api/v1/namespaces/x/status` is the namespace's own status, not a resource "status" in it
  if (decoded["namespace"] !== undefined && decoded["resource"] === "status" && decoded["name"] === undefined) {
    return { ...decoded, namespace: undefined, resource: "namespaces", name: decoded["namespace"], subresource: "status" };
  }
  return decoded;
}

function verbOf(method: string, name: string): string {
  if (method === "POST") return "create";
  if (method === "PUT") return "update";
  if (method === "PATCH") return "patch";
  if (method === "DELETE") return name === "" ? "deletecollection" : "delete";
  return name === "" ? "list" : "get";
}

interface Answer {
  code: number;
  body: unknown;
}

function handle(store: Store, { resource, attributes, query }: Target, request: IncomingMessage, body: string): Answer {
  if (attributes.path === "/version") return { code: 200, body: { major: "1", minor: "37", gitVersion: "v1.37.0-lab" } };
  if (/^\/(healthz|livez|readyz)$/.test(attributes.path)) return { code: 200, body: "ok" };
  const { name, verb, apiGroup } = attributes;
  if (attributes.resource === "" || !store.resources.some(({ group }) => group === apiGroup)) return { code: 404, body: "404 page not found\n" };
  if (!resource || !["", "status"].includes(attributes.subresource)) throw unknownPath();
  if (name === "" ? verb === "update" || verb === "patch" : verb === "create") throw methodNotAllowed();
  const dryRun = query.getAll("dryRun").includes("All");
  const namespace = resource.namespaced ? attributes.namespace : "";
  const part = attributes.subresource === "status" ? "status" : "object";
  switch (verb) {
    case "get":
      return { code: 200, body: store.get(resource, namespace, name) };
    case "list":
      return { code: 200, body: listOf(resource, store.list(resource, namespace).filter(selector(query)), store.version) };
    case "create":
      return { code: 201, body: store.create(resource, namespace, parseObject(resource, request, body), dryRun) };
    case "update":
      return { code: 200, body: store.update(resource, namespace, name, part, parseObject(resource, request, body), dryRun) };
    case "patch": {
      const patch = readPatch(mediaType(request), body);
      const current = store.get(resource, namespace, name);
      const patched = patch(current);
      if (!isObjectInput(patched)) throw badRequest("the patch leaves no metadata");
      const { uid } = patched.metadata;
      if (uid !== undefined && uid !== current.metadata.uid) {
        throw invalid(resource.group, resource.kind, name, [{ reason: "FieldValueInvalid", message: `Invalid value: "${uid}": field is immutable`, field: "metadata.uid" }]);
      }
      return { code: 200, body: store.update(resource, namespace, name, part, patched, dryRun) };
    }
    case "delete": {
      const { object } = store.delete(resource, namespace, name, parseDeleteOptions(query, request, body));
      return { code: 200, body: resource.returnsDeleted ? object : success(resource, object) };
    }
    default:
      throw methodNotAllowed();
  }
}

function listOf(resource: Resource, objects: readonly KubernetesObject[], resourceVersion: string): Json {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  // A list says the kind once; its items don't
  const items = objects.map((object) => ({ ...object, apiVersion: undefined, kind: undefined }));
  return { kind: `${resource.kind}List`, apiVersion, metadata: { resourceVersion }, items };
}

function success(resource: Resource, object: KubernetesObject): Json {
  const { name, uid } = object.metadata;
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details: { name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.resource, uid } };
}

/** `a=b`, `a==b`, `a!=b` and `a`, joined by commas; and the field `metadata.name`. */
function selector(query: URLSearchParams): (object: KubernetesObject) => boolean {
  const terms = (query.get("labelSelector") ?? "").split(",").filter((term) => term !== "");
  const tests = terms.map((term) => {
    const match = /^([\w./-]+)(?:(!=|==?)([\w.-]*))?$/.exec(term.trim());
    if (!match) throw badRequest(`unable to parse requirement: ${term}`);
    const [, key = "", operator, value] = match;
    return (labels: Record<string, string>) =>
      operator === undefined ? key in labels : operator === "!=" ? labels[key] !== value : labels[key] === value;
  });
  const field = query.get("fieldSelector");
  const name = field === null ? undefined : /^metadata\.name==?(.+)$/.exec(field)?.[1];
  if (field !== null && name === undefined) throw badRequest(`field label not supported: ${field}`);
  return ({ metadata }) => tests.every((test) => test(metadata.labels ?? {})) && (name === undefined || metadata.name === name);
}

function parseDeleteOptions(query: URLSearchParams, request: IncomingMessage, body: string): DeleteOptions {
  if (body === "") {
    const seconds = query.get("gracePeriodSeconds");
    const dryRun = query.getAll("dryRun");
    if (seconds !== null && !/^-?\d+$/.test(seconds)) throw badRequest(`strconv.ParseInt: parsing "${seconds}": invalid syntax`);
    return { ...(seconds === null ? {} : { gracePeriodSeconds: Number(seconds) }), ...(dryRun.length > 0 ? { dryRun } : {}) };
  }
  if (mediaType(request) !== "application/json") throw unsupportedMediaType();
  const options = parseJson(body);
  const { kind, gracePeriodSeconds: seconds, preconditions, dryRun } = options;
  if (kind !== undefined && kind !== "DeleteOptions") throw badRequest(unknownKind(textOf(kind), textOf(options["apiVersion"])));
  if (seconds !== undefined && seconds !== null && !Number.isInteger(seconds)) throw mistyped(seconds, "gracePeriodSeconds", "int64");
  if (preconditions !== undefined && !isJson(preconditions)) throw mistyped(preconditions, "preconditions", "v1.Preconditions");
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
  return badRequest(`json: cannot unmarshal ${goType(value)} into Go struct field DeleteOptions.${field} of type ${type}`);
}

function parseObject(resource: Resource, request: IncomingMessage, body: string): ObjectInput {
  if (mediaType(request) !== "application/json") throw unsupportedMediaType();
  const object = parseJson(body, `the object provided is unrecognized (must be of type ${resource.kind}): `);
  return isObjectInput(object) ? object : { ...object, metadata: {} };
}

function parseJson(body: string, context = ""): Json {
  let why: string;
  try {
    const value: unknown = JSON.parse(body);
    if (isJson(value)) return value;
    why = `json: cannot unmarshal ${goType(value)} into Go value`;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  throw badRequest(`${context}couldn't get version/kind; json parse error: ${why}`);
}

function mediaType(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? "";
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${BODY_LIMIT}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function authenticate(users: ReadonlyMap<string, User>, request: IncomingMessage): User {
  const { authorization } = request.headers;
  if (authorization === undefined) return anonymous();
  const user = users.get(/^Bearer (.+)$/i.exec(authorization)?.[1] ?? "");
  if (!user) throw unauthorized();
  return user;
}

function takeFault(faults: Fault[], verb: string): Fault | undefined {
  const fault = faults.find((one) => one.times > 0 && (one.verb === undefined || one.verb === verb));
  if (fault) fault.times -= 1;
  return fault;
}

function injected(code: 429 | 500 | 503 | 504): StatusError {
  const [reason = "InternalError", message = ""] = REASONS[code] ?? [];
  return new StatusError(code, reason, message, code === 429 ? { retryAfterSeconds: 1 } : {});
}

function send(response: ServerResponse, code: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(code, { "Content-Type": typeof body === "string" ? "text/plain" : "application/json" });
  response.end(text);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function kubeconfig(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    // @kubernetes/client-node refuses plain HTTP unless the check of certificates is off
    clusters: [{ name: "lab", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "lab", user: { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "lab" } }],
    "current-context": "lab",
  });
}
