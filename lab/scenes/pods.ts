import { apiVersionOf } from "../kubernetes/resources.ts";
import type { Kubernetes } from "../kubernetes/server.ts";
import type { KubernetesObject, ObjectInput } from "../kubernetes/object.ts";

/** A pod of the lab. */
export interface LabPod {
  namespace: string;
  name: string;
  uid?: string;
  /** The first 12 hexadecimal digits, all that Falco says of it. */
  containerId?: string;
  labels?: Record<string, string>;
  /** `node-1` where it isn't given. */
  node?: string;
}

/** Puts a running pod there; one of the same name gives way. */
export function placePod(
  { store }: Pick<Kubernetes, "store">,
  { namespace, name, uid, containerId = randomHex(12), labels, node = "node-1" }: LabPod,
): KubernetesObject {
  const pods = store.resources.find(({ resource }) => resource === "pods");
  if (!pods) throw new Error("the embedded API serves no pods");
  return store.place(pods, {
    metadata: { namespace, name, ...(uid === undefined ? {} : { uid }), ...(labels && { labels }) },
    spec: { nodeName: node, containers: [{ name: "main", image: "docker.io/library/alpine:3.22" }] },
    status: {
      phase: "Running",
      containerStatuses: [
        {
          name: "main",
          ready: true,
          restartCount: 0,
          image: "docker.io/library/alpine:3.22",
          imageID: "",
          containerID: `containerd://${containerId.padEnd(64, randomHex(52))}`,
        },
      ],
    },
  });
}

/** Puts any object there, as its kind says. */
export function placeObject({ store }: Pick<Kubernetes, "store">, object: ObjectInput): KubernetesObject {
  const resource = store.resources.find((one) => one.kind === object.kind && apiVersionOf(one) === object.apiVersion);
  if (!resource) throw new Error(`the embedded API serves no ${object.apiVersion ?? ""} ${object.kind ?? ""}`);
  return store.place(resource, object);
}

/** Every pod there is, terminating ones included. */
export function listPods({ store }: Pick<Kubernetes, "store">): KubernetesObject[] {
  const pods = store.resources.find(({ resource }) => resource === "pods");
  return pods ? store.list(pods, "") : [];
}

/** `default/alpine`; `node-1` for what is in no namespace. */
export function pathOf({ metadata }: KubernetesObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function randomHex(digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join("");
}
