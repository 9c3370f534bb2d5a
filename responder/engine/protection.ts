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

/** Why something is never touched; undefined where it may be. The one place that decides it, for every action. */
export function protectionOf(
  { protectedNamespaces, ownServices }: Protected,
  namespace: string | undefined,
  pod?: string,
): string | undefined {
  if (namespace === undefined) return undefined;
  if (protectedNamespaces.has(namespace)) return "its namespace is protected";
  const own = ownServices.some(
    (service) => service.namespace === namespace && pod !== undefined && isPodOf(pod, service),
  );
  return own ? "it is the response engine's own" : undefined;
}

/**
 * Knative calls a pod SERVICE-REVISION-deployment-HASH-POD.
 * @see https://knative.dev/docs/serving/services/creating-services/
 */
function isPodOf(pod: string, { name }: OwnService): boolean {
  return pod.startsWith(`${name}-`) && /^\d{5}-deployment-[a-z0-9]+-[a-z0-9]{5}$/.test(pod.slice(name.length + 1));
}
