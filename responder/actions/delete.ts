import type { Alert } from "../alert.ts";
import { clusterError } from "../cluster.ts";
import { actionner, type Subject } from "./action.ts";

interface Parameters {
  resources: readonly Resource[];
}

interface Resource {
  name: string;
  group: string;
  version: string;
  namespaced: boolean;
}

/** What an audit alert may name, and where the API keeps it. */
const RESOURCES: readonly Resource[] = [
  ...["configmaps", "pods", "secrets", "serviceaccounts", "services"].map((name) => resource(name, "")),
  ...["daemonsets", "deployments", "replicasets", "statefulsets"].map((name) => resource(name, "apps")),
  ...["cronjobs", "jobs"].map((name) => resource(name, "batch")),
  ...["ingresses", "networkpolicies"].map((name) => resource(name, "networking.k8s.io")),
  ...["rolebindings", "roles"].map((name) => resource(name, "rbac.authorization.k8s.io")),
  ...["clusterrolebindings", "clusterroles"].map((name) => resource(name, "rbac.authorization.k8s.io", false)),
  resource("namespaces", "", false),
];

const FIELDS = ["ka.target.resource", "ka.target.name", "ka.target.namespace"];

export const deleteResource = actionner<Parameters>({
  name: "kubernetes:delete",
  description: "Deletes the resource that an audit alert names in ka.target.resource, name and namespace",
  requiredFields: FIELDS,
  subjectOf: (alert) => subjectOf(alert, RESOURCES),
  continue: false,
  parameters: {
    resources: {
      description: "The resources it may delete, which the role allows; all of them where it isn't given",
      allowed: `a list of ${RESOURCES.map(({ name }) => name).join(", ")}`,
      default: RESOURCES,
      parse: (value) => {
        if (!Array.isArray(value) || value.length === 0) return undefined;
        const found = value.map((name: unknown) => RESOURCES.find((known) => known.name === name));
        return found.every((one) => one !== undefined) ? found : undefined;
      },
    },
  },
  permissions: ({ resources }) => resources.map(({ name, group }) => ({ apiGroup: group, resource: name, verbs: ["delete"] })),
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
      return { outcome: "failed", message: `${named} are not among the action's resources (${resources.map(({ name }) => name).join(", ")})` };
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

function resource(name: string, group: string, namespaced = true): Resource {
  return { name, group, version: "v1", namespaced };
}

/** A namespace counts as in itself, so that a protected one can't be deleted either. */
function subjectOf({ fields }: Alert, resources: readonly Resource[]): (Subject & { path: string }) | undefined {
  const [kind, name, namespace] = FIELDS.map((field) => fields.get(field));
  const found = resources.find((known) => known.name === kind);
  if (!found || name === undefined || (found.namespaced && namespace === undefined)) return undefined;
  const root = found.group === "" ? `/api/${found.version}` : `/apis/${found.group}/${found.version}`;
  const within = found.namespaced ? `/namespaces/${encodeURIComponent(namespace ?? "")}` : "";
  return {
    described: `${found.name} ${found.namespaced ? `${namespace ?? ""}/` : ""}${name}`,
    namespace: found.name === "namespaces" ? name : found.namespaced ? namespace : undefined,
    path: `${root}${within}/${found.name}/${encodeURIComponent(name)}`,
  };
}
