import type { ControlPlane } from "../test/support/control-plane.ts";
import { eventually } from "../test/support/eventually.ts";
import type { Target } from "./bare-client.ts";
import { inTurn } from "./load.ts";

/** Creates a namespace with running pods, as many as asked for. */
export async function createPods(
  { api, nodes }: ControlPlane,
  namespace: string,
  count: number,
  progress: (what: string) => void,
): Promise<Target[]> {
  const path = `/api/v1/namespaces/${namespace}`;
  await api.demand("POST", "/api/v1/namespaces", {
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  });
  await eventually(
    "pods can be created",
    async () => (await api.request("GET", `${path}/serviceaccounts/default`)).status === 200,
  );
  progress(`creating ${count} pods`);
  const names = Array.from({ length: count }, (_, index) => `pod-${index}`);
  const { each } = await inTurn(names, 16, async (name) => {
    const spec = { nodeName: nodes[0], containers: [{ name: "main", image: "alpine:3" }] };
    const { metadata } = await api.demand("POST", `${path}/pods`, {
      body: { apiVersion: "v1", kind: "Pod", metadata: { name }, spec },
    });
    return { namespace, name, uid: metadata?.uid ?? "" };
  });
  await eventually(
    "all pods run",
    async () => {
      const { items } = await api.demand<{ items: unknown[] }>(
        "GET",
        `${path}/pods?fieldSelector=status.phase!%3DRunning&limit=1`,
      );
      return items.length === 0;
    },
    { seconds: 120, every: 500 },
  );
  return each;
}
