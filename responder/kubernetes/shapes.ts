import type { V1NetworkPolicy, V1Node, V1Pod, V1ReplicaSet } from "@kubernetes/client-node";
import { isMap } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { ApiError } from "./errors.ts";
import type { KubernetesObject } from "./objects.ts";

/** What a part of an object is: a kind of value, a list, a map of any keys, or its parts that are looked at. */
type Shape =
  | "string"
  | "number"
  | "boolean"
  | "any"
  /** Text that can be no name of anything where it is cut. */
  | "name"
  /** A list, and how many of it are looked at; all where that isn't said. */
  | readonly [Shape, number?]
  | { readonly each: Shape }
  | { readonly parts: Parts; readonly needed?: readonly string[] };

type Parts = Readonly<Record<string, Shape>>;

/** The parts of a kind of object that are looked at, and the type it has when they are as they should be. */
export interface Looked<T extends object> {
  parts: Parts;
  /** Whether what isn't looked at stays as well. */
  whole?: boolean;
  /** Never there: it is for the compiler. */
  as?: T;
}

const TEXTS = { each: "string" } as const;

/** Finalizers and owner references that are looked at: whoever can make a pod can write thousands. */
const MOST = 64;

const METADATA: Shape = {
  parts: {
    name: "string",
    namespace: "string",
    uid: "string",
    creationTimestamp: "string",
    deletionTimestamp: "string",
    deletionGracePeriodSeconds: "number",
    finalizers: ["name", MOST],
    labels: TEXTS,
    annotations: TEXTS,
    ownerReferences: [
      {
        parts: { apiVersion: "name", kind: "name", name: "name", uid: "name", controller: "boolean" },
        needed: ["apiVersion", "kind", "name", "uid"],
      },
      MOST,
    ],
  },
};

const CONTAINERS: Shape = [
  {
    parts: {
      name: "string",
      containerID: "string",
      restartCount: "number",
      lastState: { parts: { terminated: { parts: { containerID: "string" } } } },
    },
    needed: ["name"],
  },
];

/** An object of any kind. */
export const OBJECT: Looked<KubernetesObject> = { parts: { metadata: METADATA } };

export const POD: Looked<V1Pod> = {
  parts: {
    metadata: METADATA,
    spec: {
      parts: { nodeName: "string", priorityClassName: "string", hostNetwork: "boolean", containers: CONTAINERS },
    },
    status: {
      parts: {
        containerStatuses: CONTAINERS,
        initContainerStatuses: CONTAINERS,
        ephemeralContainerStatuses: CONTAINERS,
      },
    },
  },
};

/** The same, for who keeps it as it is. */
export const WHOLE_POD: Looked<V1Pod> = { ...POD, whole: true };

export const NODE: Looked<V1Node> = {
  parts: {
    metadata: METADATA,
    spec: { parts: { unschedulable: "boolean", providerID: "string" } },
  },
};

/** What keeps replicas. */
export const REPLICATED: Looked<V1ReplicaSet> = {
  parts: {
    metadata: METADATA,
    spec: { parts: { replicas: "number" } },
    status: { parts: { readyReplicas: "number" } },
  },
};

export const WHOLE_REPLICATED: Looked<V1ReplicaSet> = { ...REPLICATED, whole: true };

const RULES: Shape = ["any"];

export const NETWORKPOLICY: Looked<V1NetworkPolicy> = {
  parts: {
    metadata: METADATA,
    spec: {
      parts: {
        podSelector: {
          parts: {
            matchLabels: TEXTS,
            matchExpressions: [
              { parts: { key: "string", operator: "string", values: ["string"] }, needed: ["key", "operator"] },
            ],
          },
        },
        policyTypes: ["string"],
        ingress: RULES,
        egress: RULES,
      },
    },
  },
};

/**
 * An object of an answer with every part that is looked at as its kind has it, and without those that are null. What
 * isn't looked at is not kept, unless it is to be: it is most of an object, and many are held at once.
 * @throws {ApiError} for one in which a part is something else: it isn't the Kubernetes API's; and for one of which
 *   more would be kept than there is room for
 */
export function shaped<T extends object>(object: object, { parts, whole = false }: Looked<T>): T {
  const kept = partsOf(object, parts, whole) as T;
  if (!whole && JSON.stringify(kept).length > LIMITS.object) {
    throw new ApiError("broken", `what is looked at of the object is larger than ${LIMITS.object} bytes`);
  }
  return kept;
}

/** Characters that no name, UID or API version has. */
const LONGER_THAN_ANY = 512;

function valueOf(value: unknown, shape: Shape, whole: boolean): unknown {
  if (shape === "any") return value;
  if (shape === "name") return (valueOf(value, "string", whole) as string).slice(0, LONGER_THAN_ANY);
  if (typeof shape === "string") {
    if (typeof value !== shape) throw misshapen();
    return value;
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) throw misshapen();
    return value.slice(0, shape[1]).map((one: unknown) => valueOf(one, shape[0], whole));
  }
  if (!isMap(value)) throw misshapen();
  if ("parts" in shape) {
    const parts = partsOf(value, shape.parts, whole);
    if (shape.needed?.some((key) => !Object.hasOwn(parts, key))) throw misshapen();
    return parts;
  }
  // an own property each, whatever its name: "__proto__" too
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, valueOf(one, shape.each, whole)]));
}

function partsOf(value: object, parts: Parts, whole: boolean): object {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]: [string, unknown]) => {
      const shape = Object.hasOwn(parts, key) ? parts[key] : undefined;
      if (!shape) return whole ? [[key, one]] : [];
      return one === null || one === undefined ? [] : [[key, valueOf(one, shape, whole)]];
    }),
  );
}

function isList(shape: Exclude<Shape, string>): shape is readonly [Shape, number?] {
  return Array.isArray(shape);
}

function misshapen(): ApiError {
  return new ApiError("not-kubernetes", "the answer isn't an object as the Kubernetes API gives it");
}
