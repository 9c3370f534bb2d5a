/** A Knative Service of the stack's own. */
interface OwnService {
  namespace: string;
  name: string;
}

/** What no rule ever touches. */
export interface Protected {
  /** Namespaces that are left alone as a whole. */
  protectedNamespaces: ReadonlySet<string>;
  /** The services that answer alerts: in a namespace that they share with others, their pods alone are. */
  ownServices: readonly OwnService[];
}

/** Something that would be touched; what is in no namespace has none. */
export interface Touched {
  kind: string;
  name: string;
  namespace?: string | undefined;
}

/** Why something is never touched; undefined where it may be. The one place that decides it, for every action. */
export function protectionOf(
  { protectedNamespaces, ownServices }: Protected,
  { kind, name, namespace }: Touched,
): string | undefined {
  const within = kind === "Namespace" ? name : namespace;
  if (within !== undefined && protectedNamespaces.has(within)) return "its namespace is protected";
  if (namespace === undefined && kind.startsWith("ClusterRole") && isOfKubernetes(name)) return "it is Kubernetes' own";
  const own = ownServices.some((service) => {
    if (kind === "Namespace") return service.namespace === name;
    if (namespace === undefined) return kind.startsWith("ClusterRole") && service.name === name;
    if (service.namespace !== namespace) return false;
    if (kind === "NetworkPolicy" && name.startsWith("response-engine-")) return true;
    return kind === "Pod" ? isPodOf(name, service) : isPartOf(name, service);
  });
  return own ? "it is the response engine's own" : undefined;
}

/** What the API server and its controllers are allowed to do hangs on these. @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings */
function isOfKubernetes(role: string): boolean {
  return role.startsWith("system:") || role === "cluster-admin";
}

/** The service, its account, what Knative makes of its revisions, its rules, its switch, and the Secrets of its image and its keys. */
function isPartOf(object: string, { name }: OwnService): boolean {
  return (
    object === name ||
    (object.startsWith(`${name}-`) &&
      /^(\d{5}|rules|registry|switch|alert-keys)(-|$)/.test(object.slice(name.length + 1)))
  );
}

/**
 * Knative calls a pod SERVICE-REVISION-deployment-HASH-POD.
 * @see https://knative.dev/docs/serving/services/creating-services/
 */
function isPodOf(pod: string, { name }: OwnService): boolean {
  return pod.startsWith(`${name}-`) && /^\d{5}-deployment-[a-z0-9]+-[a-z0-9]{5}$/.test(pod.slice(name.length + 1));
}
