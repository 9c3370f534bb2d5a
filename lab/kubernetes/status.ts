import type { Json } from "./object.ts";

/** A cause among a Status's details. */
export interface Cause {
  reason: string;
  message: string;
  field?: string;
}

/**
 * An answer that is not the object asked for, as the API server words it.
 *
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go
 */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Json | undefined;

  /** @param reason empty where the server gives none */
  constructor(code: number, reason: string, message: string, details?: Json) {
    super(message);
    this.name = "StatusError";
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The `metav1.Status` that goes over the wire. */
  toStatus(): Json {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** `pods`, or `replicasets.apps`: how messages name a resource or kind of a group. */
function qualified(name: string, group: string): string {
  return group === "" ? name : `${name}.${group}`;
}

function details(name: string, group: string, kind: string): Json {
  return { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind };
}

export function notFound(group: string, resource: string, name: string): StatusError {
  return new StatusError(
    404,
    "NotFound",
    `${qualified(resource, group)} "${name}" not found`,
    details(name, group, resource),
  );
}

export function alreadyExists(group: string, resource: string, name: string): StatusError {
  return new StatusError(
    409,
    "AlreadyExists",
    `${qualified(resource, group)} "${name}" already exists`,
    details(name, group, resource),
  );
}

export function beingDeleted(group: string, resource: string, name: string): StatusError {
  const { message, details: body } = alreadyExists(group, resource, name);
  return new StatusError(409, "AlreadyExists", `object is being deleted: ${message}`, body);
}

/** @param resource the plural name; a delete's preconditions are reported with the kind instead, as the real server does */
export function conflict(group: string, resource: string, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource, group)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, details(name, group, resource));
}

export function forbidden(group: string, resource: string, name: string, why: string): StatusError {
  const subject =
    resource === ""
      ? ""
      : name === ""
        ? `${qualified(resource, group)} is `
        : `${qualified(resource, group)} "${name}" is `;
  const body = resource === "" ? {} : details(name, group, resource);
  return new StatusError(403, "Forbidden", `${subject}forbidden: ${why}`, body);
}

/** What is created in a namespace that is going. */
export function terminatingNamespace(group: string, resource: string, name: string, namespace: string): StatusError {
  const {
    code,
    reason,
    message,
    details: body,
  } = forbidden(
    group,
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  const causes: Cause[] = [
    {
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    },
  ];
  return new StatusError(code, reason, message, { ...body, causes });
}

/** An eviction that a PodDisruptionBudget doesn't allow now. */
export function disruptionRefused(why: string, retryAfterSeconds?: number): StatusError {
  const causes: Cause[] = [{ reason: "DisruptionBudget", message: why }];
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  return new StatusError(429, "TooManyRequests", message, {
    causes,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

export function invalid(group: string, kind: string, name: string, causes: readonly Cause[]): StatusError {
  const list = causes.map((cause) => `${cause.field ?? ""}: ${cause.message}`);
  const why = list.length === 1 ? list.join("") : `[${list.join(", ")}]`;
  const message = `${qualified(kind, group)} "${name}" is invalid: ${why}`;
  return new StatusError(422, "Invalid", message, { ...details(name, group, kind), causes });
}

/** A patch that can be read but not be carried out. */
export function impossiblePatch(): StatusError {
  return new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

export function unauthorized(): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized");
}

export function unknownPath(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

export function unsupportedMediaType(): StatusError {
  const accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
  return new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

/** Nothing that a request takes is among what there is. */
export function notAvailable(types: readonly string[]): StatusError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${types.join(", ")}`;
  return new StatusError(406, "NotAcceptable", message, {});
}

/** What a request takes is one object's metadata, and what it asks for is a list. */
export function listIsNoObject({ group, kind }: { group: string; kind: string }): StatusError {
  const type = `*${group.split(".")[0] || "core"}.${kind}List`;
  const message = `you requested PartialObjectMetadata, but the requested object is a list (${type})`;
  return new StatusError(406, "NotAcceptable", message);
}

/** What a request takes is there, but not in the form that it takes it in. */
export function notAcceptable(types: readonly string[]): StatusError {
  return new StatusError(406, "NotAcceptable", `only the following media types are accepted: ${types.join(", ")}`);
}

export function unsupportedPatch(): StatusError {
  return new StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}
