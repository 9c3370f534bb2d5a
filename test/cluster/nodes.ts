import type { KubernetesObject } from "../support/api.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";

/** Keeps the pods of others away from a test's own node. */
const TAINT = { key: "of-a-test", effect: "NoSchedule" };

interface Node extends KubernetesObject {
  spec: { unschedulable?: boolean; taints?: { key: string }[] };
  status: { conditions?: { type: string; status: string }[] };
}

/** One more node, for pods that are put on it by name or tolerate everything; the caller removes it. Returns when it is ready. */
export async function createNode({ api }: ControlPlane, name: string): Promise<string> {
  const metadata = { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } };
  await api.demand("POST", "/api/v1/nodes", {
    body: { apiVersion: "v1", kind: "Node", metadata, spec: { taints: [TAINT] } },
  });
  await eventually(`${name} is ready`, async () => {
    const { spec, status } = await readNode(api, name);
    const ready = status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
    return ready && spec.taints?.every(({ key }) => key === TAINT.key);
  });
  return name;
}

export async function readNode(api: ControlPlane["api"], name: string): Promise<Node> {
  return api.demand<Node>("GET", `/api/v1/nodes/${name}`);
}

export async function removeNodes({ api }: ControlPlane, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => api.demand("DELETE", `/api/v1/nodes/${name}`)));
}
