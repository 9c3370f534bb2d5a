import type { Json } from "./object.ts";

/** Who asks. */
export interface User {
  name: string;
  groups: readonly string[];
}

/** What is asked for. */
export interface Attributes {
  verb: string;
  /** Empty for the core group. */
  apiGroup: string;
  /** Empty for a path that names no resource. */
  resource: string;
  subresource: string;
  /** Empty at the cluster scope. */
  namespace: string;
  name: string;
  path: string;
}

/** A rule of a Role or ClusterRole. @see https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/cluster-role-v1/ */
interface PolicyRule {
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
  verbs: readonly string[];
}

/** A Role, ClusterRole, RoleBinding or ClusterRoleBinding as plain JSON. */
export interface RbacObject {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: readonly PolicyRule[];
  roleRef?: { kind: string; name: string };
  subjects?: readonly { kind: string; name: string; namespace?: string }[];
}

/** The group that may do everything. */
export const MASTERS = "system:masters";
const ANONYMOUS: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

/** Who asks without a token. */
export function anonymous(): User {
  return ANONYMOUS;
}

/** The user a ServiceAccount's token stands for. */
export function serviceAccount(namespace: string, name: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}

/**
 * RBAC as Kubernetes decides it, from the roles and bindings given. For the lab and the tests alone.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/rbac/rbac.go
 */
export function createAuthorizer(objects: readonly RbacObject[]): (user: User, attributes: Attributes) => boolean {
  return (user, attributes) =>
    user.groups.includes(MASTERS) ||
    (attributes.resource === "" && user.groups.includes("system:authenticated") && isPublic(attributes)) ||
    rulesFor(objects, user, attributes.namespace).some((rule) => allows(rule, attributes));
}

/** The rules that hold for a user in a namespace; empty: at the cluster scope. */
function rulesFor(objects: readonly RbacObject[], user: User, namespace: string): PolicyRule[] {
  return objects
    .filter(
      (object) =>
        object.kind === "ClusterRoleBinding" ||
        (object.kind === "RoleBinding" && namespace !== "" && object.metadata.namespace === namespace),
    )
    .filter((binding) => binding.subjects?.some((subject) => isSubject(subject, user, binding.metadata.namespace)))
    .flatMap((binding) => roleOf(objects, binding)?.rules ?? []);
}

/** What everyone who is known may read. @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles */
function isPublic({ verb, path }: Attributes): boolean {
  return verb === "get" && /^\/(version|healthz|livez|readyz|api|apis)(\/|$)/.test(path);
}

function isSubject(
  subject: { kind: string; name: string; namespace?: string },
  user: User,
  bindingNamespace?: string,
): boolean {
  if (subject.kind === "ServiceAccount") {
    const namespace = subject.namespace ?? bindingNamespace;
    return namespace !== undefined && user.name === serviceAccount(namespace, subject.name).name;
  }
  if (subject.kind === "Group") return user.groups.includes(subject.name);
  return subject.kind === "User" && subject.name === user.name;
}

function roleOf(objects: readonly RbacObject[], binding: RbacObject): RbacObject | undefined {
  return objects.find(
    (object) =>
      object.kind === binding.roleRef?.kind &&
      object.metadata.name === binding.roleRef.name &&
      (object.kind === "ClusterRole" || object.metadata.namespace === binding.metadata.namespace),
  );
}

function allows(rule: PolicyRule, { verb, apiGroup, resource, subresource, name, path }: Attributes): boolean {
  if (!holds(rule.verbs, verb)) return false;
  if (resource === "") {
    return (rule.nonResourceURLs ?? []).some(
      (url) => url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1))),
    );
  }
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  return (
    holds(rule.apiGroups, apiGroup) &&
    (holds(rule.resources, combined) || (subresource !== "" && (rule.resources ?? []).includes(`*/${subresource}`))) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

function holds(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes("*") || list.includes(value));
}

/** Why a request was refused, word for word as the API server says it. */
export function refusal(user: User, { verb, apiGroup, resource, subresource, namespace, path }: Attributes): string {
  if (resource === "") return `User "${user.name}" cannot ${verb} path "${path}"`;
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return `User "${user.name}" cannot ${verb} resource "${combined}" in API group "${apiGroup}" ${where}`;
}

/** Whether a program's resource is one of RBAC's objects. */
export function isRbacObject(value: Json): value is Json & RbacObject {
  return ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"].includes(String(value["kind"]));
}
