import type { KubernetesObject } from "./object.ts";
import type { Resource } from "./resources.ts";
import { badRequest, conflict, type Cause } from "./status.ts";

const NAME = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
/** The group whose objects may be called anything: `system:auth-delegator`. */
const RBAC = "rbac.authorization.k8s.io";

/** What is wrong with an object's name and labels. */
export function metadataCauses(
  { group, freelyNamed = group === RBAC }: Resource,
  { metadata: { name, labels = {} } }: KubernetesObject,
): Cause[] {
  const causes: Cause[] = [];
  const refuse = (field: string, value: string, why: string): void => {
    causes.push({ reason: "FieldValueInvalid", message: `Invalid value: "${value}": ${why}`, field });
  };
  if (name === "")
    causes.push({
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
      field: "metadata.name",
    });
  else if ((!freelyNamed && !matches(NAME, name)) || name.length > 253) {
    refuse(
      "metadata.name",
      name,
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${NAME}')`,
    );
  }
  for (const value of Object.values(labels)) {
    if (matches(LABEL_VALUE, value)) continue;
    refuse(
      "metadata.labels",
      value,
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${LABEL_VALUE}')`,
    );
  }
  return causes;
}

function matches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern}$`).test(text);
}

/** What an object has to be for a delete. */
export interface Preconditions {
  uid?: string;
  resourceVersion?: string;
}

/** What a change or a delete must find, and what it is told where it doesn't. */
export function checkPreconditions(
  { group, kind }: Resource,
  { metadata }: KubernetesObject,
  { uid, resourceVersion }: Preconditions = {},
): void {
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      group,
      kind,
      metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      group,
      kind,
      metadata.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

/** The same for a namespace, which the real server words in another way. */
export function checkNamespacePreconditions(
  { group, resource }: Resource,
  { metadata }: KubernetesObject,
  { uid, resourceVersion }: Preconditions = {},
): void {
  const refuse = (what: string, wanted: string, found: string): never => {
    throw conflict(
      group,
      resource,
      metadata.name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`,
    );
  };
  if (uid !== undefined && uid !== metadata.uid) refuse("UID", uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    refuse("ResourceVersion", resourceVersion, metadata.resourceVersion);
}

/**
 * Whether an object can be taken for one of a kind.
 *
 * @param known the resources whose kinds the server knows
 * @throws StatusError 400
 */
export function checkKind(
  known: readonly Resource[],
  wanted: Pick<Resource, "group" | "kind">,
  { kind, apiVersion = "" }: { kind?: string; apiVersion?: string },
): void {
  if (kind === undefined || kind === wanted.kind) return;
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  const why = known.some((one) => one.kind === kind)
    ? `converting (${version}.${kind}) to (${wanted.group || "core"}.${wanted.kind}): unknown conversion`
    : unknownKind(kind, apiVersion);
  throw badRequest(`${kind} in version "${version}" cannot be handled as a ${wanted.kind}: ${why}`);
}

/** How the real server says that it can't decode a kind. */
export function unknownKind(kind: string, version: string): string {
  return `no kind "${kind}" is registered for version "${version}" in scheme "pkg/api/legacyscheme/scheme.go:30"`;
}
