import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "./private-service.ts";

const NAME = "responder-switch";

/**
 * The ConfigMap whose annotation stops all responses, and the right to follow it, and no other. What people annotate
 * stays as it is, whatever `pulumi up` changes.
 */
export class ResponseSwitch extends pulumi.ComponentResource {
  /** "NAMESPACE/NAME" of it. */
  readonly object: pulumi.Output<string>;

  constructor(name: string, { namespace, account }: ResponseSwitchArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:ResponseSwitch", name, {}, options);
    const metadata = { name: NAME, namespace, labels: labelsOf("responder") };
    const child = { parent: this };
    const configMap = new k8s.core.v1.ConfigMap(
      `${name}-object`,
      { metadata },
      { ...child, ignoreChanges: ["metadata.annotations"] },
    );
    const role = new k8s.rbac.v1.Role(
      `${name}-role`,
      {
        metadata,
        rules: [{ apiGroups: [""], resources: ["configmaps"], resourceNames: [NAME], verbs: ["get", "list", "watch"] }],
      },
      child,
    );
    new k8s.rbac.v1.RoleBinding(
      `${name}-binding`,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", namespace, name: account }],
      },
      child,
    );
    this.object = pulumi.interpolate`${configMap.metadata.namespace}/${configMap.metadata.name}`;
    this.registerOutputs({ object: this.object });
  }
}

export interface ResponseSwitchArgs {
  /** The responder's namespace. */
  namespace: pulumi.Input<string>;
  /** The name of its ServiceAccount. */
  account: pulumi.Input<string>;
}
