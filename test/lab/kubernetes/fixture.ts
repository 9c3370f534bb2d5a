import type { RbacObject } from "../../../lab/kubernetes/authorizer.ts";
import type { Json } from "../../../lab/kubernetes/object.ts";
import { resourceNamed } from "../../../lab/kubernetes/resources.ts";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";
import { ask } from "./ask.ts";

/** Where the pods of the namespace `default` are, and the one that most tests are about. */
export const pods = "/api/v1/namespaces/default/pods";
export const pod = `${pods}/alpine`;
export const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "alpine" },
  spec: { nodeName: "node-1", containers: [{ name: "main", image: "alpine" }] },
};

/** An API with the namespaces `default` and `shop`. */
export async function startWithNamespaces(rbac: readonly RbacObject[] = []): Promise<Kubernetes> {
  const api = await startKubernetes({ rbac });
  for (const name of ["default", "shop"]) api.store.place(resourceNamed("namespaces"), { metadata: { name } });
  return api;
}

/** Creates {@link POD}, or what the changes make of it. */
export async function createPod(api: Kubernetes, changes: Json = {}) {
  return (await ask(api, "POST", pods, { ...POD, ...changes })).body;
}
