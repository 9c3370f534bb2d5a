import type { KubernetesObject } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import type { Stage } from "./with-responder.ts";

interface Budget extends KubernetesObject {
  metadata: { generation: number };
  status?: { observedGeneration?: number; expectedPods: number; disruptionsAllowed: number };
}

/**
 * A disruption budget for the pods of an app, once the disruption controller counts as many pods and allows as many
 * evictions; gives its path.
 */
export async function createBudget(
  { cluster, pods }: Stage,
  app: string,
  spec: object,
  expectedPods: number,
  disruptionsAllowed: number,
): Promise<string> {
  const path = `/apis/policy/v1/namespaces/${pods.namespace}/poddisruptionbudgets`;
  const body = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: app },
    spec: { selector: { matchLabels: { app } }, ...spec },
  };
  await cluster.api.demand("POST", path, { body });
  await eventually(`the budget of ${app} allows ${disruptionsAllowed} evictions`, async () => {
    const { metadata, status } = await cluster.api.demand<Budget>("GET", `${path}/${app}`);
    return (
      status?.observedGeneration === metadata.generation &&
      status.expectedPods === expectedPods &&
      status.disruptionsAllowed === disruptionsAllowed
    );
  });
  return `${path}/${app}`;
}
