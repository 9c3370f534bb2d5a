import type { Api } from "../api.ts";
import { eventually } from "../eventually.ts";

interface Node {
  spec: { taints?: unknown[] };
  status: { conditions?: { type: string; status: string }[] };
}

/** Makes nodes, `node-0` and so on, for kwok to play; gives their names. */
export async function createNodes(api: Api, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `node-${index}`);
  for (const name of names) {
    const labels = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
    await api.demand("POST", "/api/v1/nodes", {
      body: { apiVersion: "v1", kind: "Node", metadata: { name, labels } },
    });
  }
  return names;
}

/** Returns when pods can be made, and run. @param check throws where a program has ended */
export async function untilPodsCanRun(api: Api, check: () => void): Promise<void> {
  await eventually(
    "nodes are ready and the default ServiceAccount is there",
    async () => {
      check();
      const account = await api.request("GET", "/api/v1/namespaces/default/serviceaccounts/default");
      const { items } = await api.demand<{ items: Node[] }>("GET", "/api/v1/nodes");
      return account.status === 200 && items.every(usable);
    },
    { seconds: 180 },
  );
}

/** Ready, and seen to be so by the controller that keeps pods away from nodes that are not. */
function usable({ spec, status }: Node): boolean {
  return (
    !spec.taints?.length &&
    (status.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True")
  );
}
