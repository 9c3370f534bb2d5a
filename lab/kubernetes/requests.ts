import type { IncomingMessage } from "node:http";
import { formOf, metadataOf } from "./accept.ts";
import { mediaType, parseDeleteOptions, parseObject } from "./body.ts";
import type { Containers } from "./containers.ts";
import { evict } from "./eviction.ts";
import { parseExec } from "./exec.ts";
import { readLog } from "./log.ts";
import { isObjectInput } from "./object.ts";
import type { Json, KubernetesObject, ObjectInput } from "./object.ts";
import { readPatch } from "./patch.ts";
import { apiVersionOf } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { selector } from "./selectors.ts";
import { badRequest, invalid, listIsNoObject, methodNotAllowed, unknownPath } from "./status.ts";
import type { Store } from "./store.ts";
import type { Target } from "./target.ts";

/** What is sent back: text is plain, all else JSON. */
export interface Answer {
  code: number;
  body: unknown;
}

/** A request that is allowed. */
export interface Call {
  target: Target;
  request: IncomingMessage;
  body: string;
}

/**
 * Does what a request asks for.
 *
 * @throws StatusError for every answer that isn't what was asked for
 */
export function handle(store: Store, containers: Containers, call: Call): Answer {
  const { resource, attributes } = call.target;
  const { path, name, verb, apiGroup, subresource } = attributes;
  if (path === "/version") return { code: 200, body: { major: "1", minor: "37", gitVersion: "v1.37.0-lab" } };
  if (/^\/(healthz|livez|readyz)$/.test(path)) return { code: 200, body: "ok" };
  if (attributes.resource === "" || !store.resources.some(({ group }) => group === apiGroup))
    return { code: 404, body: "404 page not found\n" };
  if (!resource) throw unknownPath();
  if (subresource === "" || (subresource === "status" && resource.statusSubresource)) {
    if (name === "" ? verb === "update" || verb === "patch" : verb === "create") throw methodNotAllowed();
    const { metadataOnly } = formOf(call.request, verb === "list" ? "list" : "object");
    if (metadataOnly && verb === "list") throw listIsNoObject(resource);
    const answer = handleObject(store, resource, call);
    return metadataOnly && isObjectOf(resource, answer.body) ? { ...answer, body: metadataOf(answer.body) } : answer;
  }
  if (resource.group !== "" || resource.resource !== "pods") throw unknownPath();
  return handlePod(store, containers, call);
}

/** Whether it is one object of a kind, not a list of them or a Status. */
function isObjectOf({ kind }: Resource, body: unknown): body is KubernetesObject {
  return isObjectInput(body) && body.kind === kind;
}

/** What a pod has beside its object. */
function handlePod(
  store: Store,
  containers: Containers,
  { target: { attributes, query }, request, body }: Call,
): Answer {
  const { subresource, verb } = attributes;
  const allowed: Record<string, readonly string[]> = { log: ["get"], exec: ["get", "create"], eviction: ["create"] };
  const verbs = allowed[subresource];
  if (!verbs) throw unknownPath();
  if (!verbs.includes(verb)) throw methodNotAllowed();
  if (subresource !== "exec") formOf(request, subresource === "log" ? "log" : "object");
  if (subresource === "exec") {
    parseExec(store, attributes, query);
    throw badRequest("Upgrade request required");
  }
  if (subresource === "log") {
    const text = readLog(store, attributes, query, containers);
    return text === undefined ? { code: 204, body: "" } : { code: 200, body: text };
  }
  evict(store, attributes, parseObject({ kind: "Eviction" }, request, body), isDryRun(query));
  return { code: 201, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } };
}

function handleObject(
  store: Store,
  resource: Resource,
  { target: { attributes, query }, request, body }: Call,
): Answer {
  const { name, verb, subresource } = attributes;
  const dryRun = isDryRun(query);
  const namespace = resource.namespaced ? attributes.namespace : "";
  const part = subresource === "status" ? "status" : "object";
  switch (verb) {
    case "get":
      return { code: 200, body: store.get(resource, namespace, name) };
    case "list":
      return {
        code: 200,
        body: listOf(resource, store.list(resource, namespace).filter(selector(resource, query)), store.version),
      };
    case "create":
      return { code: 201, body: store.create(resource, namespace, parseObject(resource, request, body), dryRun) };
    case "update":
      return {
        code: 200,
        body: store.update(resource, namespace, name, part, parseObject(resource, request, body), dryRun),
      };
    case "patch":
      return {
        code: 200,
        body: store.update(
          resource,
          namespace,
          name,
          part,
          patched(resource, store.get(resource, namespace, name), request, body),
          dryRun,
        ),
      };
    case "delete": {
      const { object } = store.delete(resource, namespace, name, parseDeleteOptions(query, request, body));
      return { code: 200, body: resource.returnsDeleted ? object : success(resource, object) };
    }
    default:
      throw methodNotAllowed();
  }
}

/** What a patch makes of an object; a version in it that is past says more than a UID that isn't the object's. */
function patched(
  { group, kind }: Resource,
  current: KubernetesObject,
  request: IncomingMessage,
  body: string,
): ObjectInput {
  const object = readPatch(mediaType(request), body)(current);
  if (!isObjectInput(object)) throw badRequest("the patch leaves no metadata");
  const { uid, resourceVersion } = object.metadata;
  if (uid === undefined || uid === current.metadata.uid) return object;
  if (resourceVersion !== current.metadata.resourceVersion)
    return { ...object, metadata: { ...object.metadata, uid: current.metadata.uid } };
  throw invalid(group, kind, current.metadata.name, [
    { reason: "FieldValueInvalid", message: `Invalid value: "${uid}": field is immutable`, field: "metadata.uid" },
  ]);
}

function isDryRun(query: URLSearchParams): boolean {
  return query.getAll("dryRun").includes("All");
}

function listOf(resource: Resource, objects: readonly KubernetesObject[], resourceVersion: string): Json {
  const apiVersion = apiVersionOf(resource);
  // A list says the kind once; its items don't
  const items = objects.map((object) => ({ ...object, apiVersion: undefined, kind: undefined }));
  return { kind: `${resource.kind}List`, apiVersion, metadata: { resourceVersion }, items };
}

function success(resource: Resource, object: KubernetesObject): Json {
  const { name, uid } = object.metadata;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.resource, uid },
  };
}
