const APP = { app: "deleted" };
/** Nothing is to wait for its end. */
export const POD = { containers: [{ name: "main", image: "alpine:3" }], terminationGracePeriodSeconds: 0 };
const WORKLOAD = { selector: { matchLabels: APP }, template: { metadata: { labels: APP }, spec: POD } };
const JOB = { template: { metadata: { labels: APP }, spec: { ...POD, restartPolicy: "Never" } } };
const ROLE_REF = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };

export interface Kind {
  apiVersion: string;
  kind: string;
  /** What an object of it needs, but its name. */
  body?: object;
}

/** By the resource's name in an audit alert. */
export const NAMESPACED: Readonly<Record<string, Kind>> = {
  configmaps: { apiVersion: "v1", kind: "ConfigMap" },
  pods: { apiVersion: "v1", kind: "Pod", body: { spec: POD } },
  secrets: { apiVersion: "v1", kind: "Secret" },
  serviceaccounts: { apiVersion: "v1", kind: "ServiceAccount" },
  services: { apiVersion: "v1", kind: "Service", body: { spec: { selector: APP, ports: [{ port: 80 }] } } },
  daemonsets: { apiVersion: "apps/v1", kind: "DaemonSet", body: { spec: WORKLOAD } },
  deployments: { apiVersion: "apps/v1", kind: "Deployment", body: { spec: WORKLOAD } },
  replicasets: { apiVersion: "apps/v1", kind: "ReplicaSet", body: { spec: WORKLOAD } },
  statefulsets: { apiVersion: "apps/v1", kind: "StatefulSet", body: { spec: { ...WORKLOAD, serviceName: "deleted" } } },
  cronjobs: {
    apiVersion: "batch/v1",
    kind: "CronJob",
    body: { spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: JOB } } },
  },
  jobs: { apiVersion: "batch/v1", kind: "Job", body: { spec: JOB } },
  ingresses: {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    body: { spec: { defaultBackend: { service: { name: "deleted", port: { number: 80 } } } } },
  },
  networkpolicies: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", body: { spec: { podSelector: {} } } },
  rolebindings: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", body: { roleRef: ROLE_REF } },
  roles: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", body: { rules: [] } },
};

export const CLUSTER_WIDE: Readonly<Record<string, Kind>> = {
  clusterrolebindings: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    body: { roleRef: ROLE_REF },
  },
  clusterroles: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", body: { rules: [] } },
};
