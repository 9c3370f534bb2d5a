import type { KubernetesObject } from "../../lab/kubernetes/object.ts";
import type { Resource } from "../../lab/kubernetes/resources.ts";

/** Kinds without a namespace; those of a CustomResourceDefinition say it themselves. */
const CLUSTER_SCOPED = [
  "Namespace",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
];

/** Kinds that Knative's controllers have to let go of, by finalizers: they stay for a second when they are deleted. */
export const FINALIZED = ["eventing.knative.dev Broker", "eventing.knative.dev Trigger", "serving.knative.dev Service"];

/** How the API serves a kind: by the rules that all kinds here follow. */
export function resourceOf(apiVersion: string, kind: string): Resource {
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  return {
    group,
    version,
    resource: pluralOf(kind.toLowerCase()),
    kind,
    namespaced: !CLUSTER_SCOPED.includes(kind),
    statusSubresource: group !== "" || kind === "Namespace",
    returnsDeleted: true,
    ...(FINALIZED.includes(`${group} ${kind}`) && { gracePeriod: (_: unknown, asked?: number) => asked ?? 1 }),
    ...(kind === "Secret" && { prepare: encodeStringData }),
  };
}

function pluralOf(singular: string): string {
  if (singular.endsWith("y")) return `${singular.slice(0, -1)}ies`;
  return /(s|x|ch)$/.test(singular) ? `${singular}es` : `${singular}s`;
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/ */
function encodeStringData(secret: KubernetesObject): void {
  const { stringData, data } = secret as { stringData?: Record<string, string>; data?: Record<string, string> };
  if (!stringData) return;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  secret["data"] = { ...data, ...(Object.fromEntries(encoded) as Record<string, string>) };
  delete secret["stringData"];
}
