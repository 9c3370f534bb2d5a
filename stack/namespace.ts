import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** Namespaces that every cluster has. */
const BUILT_IN = /^(default|kube-.*)$/;

/**
 * Creates a namespace that lives and dies with the stack, and returns its name; one that every cluster has
 * (`default`, `kube-…`) is used as it is.
 */
export function ensureNamespace(
  name: string,
  namespace: string,
  labels: Record<string, string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  if (BUILT_IN.test(namespace)) return pulumi.output(namespace);
  return new k8s.core.v1.Namespace(name, { metadata: { name: namespace, labels } }, options).metadata.name;
}
