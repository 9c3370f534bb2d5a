import type { Alert } from "../../alerts/alert.ts";
import { clusterError } from "../../kubernetes/errors.ts";
import { actionner, type Subject } from "../actionner.ts";

interface Parameters {
  resources: readonly Resource[];
}

interface Resource {
  kind: string;
  /** The plural in paths and roles. */
  name: string;
  group: string;
  version: string;
  namespaced: boolean;
}

/** What an audit alert may name, and where the API keeps it. */
const RESOURCES: readonly Resource[] = [
  ...["ConfigMap", "Pod", "Secret", "Service", "ServiceAccount"].map((kind) => resource(kind, "")),
  ...["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"].map((kind) => resource(kind, "apps")),
  ...["CronJob", "Job"].map((kind) => resource(kind, "batch")),
  resource("Ingress", "networking.k8s.io", { name: "ingresses" }),
  resource("NetworkPolicy", "networking.k8s.io", { name: "networkpolicies" }),
  ...["RoleBinding", "Role"].map((kind) => resource(kind, "rbac.authorization.k8s.io")),
  ...["ClusterRoleBinding", "ClusterRole"].map((kind) =>
    resource(kind, "rbac.authorization.k8s.io", { namespaced: false }),
  ),
  resource("Namespace", "", { namespaced: false }),
];

const FIELDS = ["ka.target.resource", "ka.target.name", "ka.target.namespace"];

export const deleteResource = actionner<Parameters>({
  name: "kubernetes:delete",
  description: "Deletes the resource that an audit alert names in ka.target.resource, name and namespace",
  requiredFields: FIELDS,
  subjectOf: (alert) => subjectOf(alert, RESOURCES),
  continue: false,
  repeatable: true,
  givesOutput: false,
  parameters: {
    resources: {
      description: "The resources it may delete, which the role allows, and no others",
      allowed: `a list of ${RESOURCES.map(({ name }) => name).join(", ")}, such as [configmaps]; falco-talon deletes any kind where it isn't given, which is not taken here`,
      schema: { type: "array", minItems: 1, items: { enum: RESOURCES.map(({ name }) => name) } },
      default: [],
      required: true,
      parse: (value) => {
        if (!Array.isArray(value) || value.length === 0) return undefined;
        const found = value.map((name: unknown) => RESOURCES.find((known) => known.name === name));
        return found.every((one) => one !== undefined) ? found : undefined;
      },
    },
  },
  permissions: ({ resources }) =>
    resources.map(({ name, group }) => ({ apiGroup: group, resource: name, verbs: ["delete"] })),
  example: `- action: Delete the suspicious resource
  actionner: kubernetes:delete
  parameters:
    resources:
      - configmaps
      - services
`,
  run: async ({ alert, cluster }, { resources }) => {
    const subject = subjectOf(alert, resources);
    if (!subject) {
      const named = alert.fields.get("ka.target.resource") ?? "";
      return {
        outcome: "failed",
        message: `${named} are not among the action's resources (${resources.map(({ name }) => name).join(", ")})`,
      };
    }
    try {
      await cluster.deleteObject(subject.path);
      return { outcome: "done", message: `deleted ${subject.described}` };
    } catch (thrown) {
      if (clusterError(thrown).code !== 404) throw thrown;
      return { outcome: "gone", message: `${subject.described} is already gone` };
    }
  },
});

function resource(kind: string, group: string, more: Partial<Resource> = {}): Resource {
  return { kind, name: `${kind.toLowerCase()}s`, group, version: "v1", namespaced: true, ...more };
}

/** A namespace counts as in itself, so that a protected one can't be deleted either. */
function subjectOf({ fields }: Alert, resources: readonly Resource[]): (Subject & { path: string }) | undefined {
  const [kind, name, namespace] = FIELDS.map((field) => fields.get(field));
  const found = resources.find((known) => known.name === kind);
  if (!found || name === undefined || (found.namespaced && namespace === undefined)) return undefined;
  const apiVersion = found.group === "" ? found.version : `${found.group}/${found.version}`;
  const root = found.group === "" ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  const within = found.namespaced ? `/namespaces/${encodeURIComponent(namespace ?? "")}` : "";
  return {
    identity: "",
    described: `${found.name} ${found.namespaced ? `${namespace ?? ""}/` : ""}${name}`,
    namespace: found.name === "namespaces" ? name : found.namespaced ? namespace : undefined,
    reference: {
      apiVersion,
      kind: found.kind,
      name,
      ...(found.namespaced && namespace !== undefined && { namespace }),
    },
    path: `${root}${within}/${found.name}/${encodeURIComponent(name)}`,
  };
}
