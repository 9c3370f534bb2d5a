import type { V1NetworkPolicy, V1Node, V1Pod, V1ReplicaSet } from "@kubernetes/client-node";
import { isMap } from "../json.ts";
import { ApiError } from "./errors.ts";
import type { KubernetesObject } from "./objects.ts";

/** What a part of an object is: a kind of value, a list, a map of any keys, or its parts that are looked at. */
type Shape =
  | "string"
  | "number"
  | "boolean"
  | readonly [Shape]
  | { readonly each: Shape }
  | { readonly parts: Parts; readonly needed?: readonly string[] };

type Parts = Readonly<Record<string, Shape>>;

/** The parts of a kind of object that are looked at, and the type it has when they are as they should be. */
interface Looked<T extends object> {
  parts: Parts;
  /** Never there: it is for the compiler. */
  as?: T;
}

const TEXTS = { each: "string" } as const;

const METADATA: Shape = {
  parts: {
    name: "string",
    namespace: "string",
    uid: "string",
    creationTimestamp: "string",
    deletionTimestamp: "string",
    deletionGracePeriodSeconds: "number",
    finalizers: ["string"],
    labels: TEXTS,
    annotations: TEXTS,
    ownerReferences: [
      {
        parts: { apiVersion: "string", kind: "string", name: "string", uid: "string", controller: "boolean" },
        needed: ["apiVersion", "kind", "name", "uid"],
      },
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

const RULES: Shape = [{ parts: {} }];

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
 * An object of an answer with every part that is looked at as its kind has it, and without those that are null; what
 * isn't looked at stays as it is.
 * @throws {ApiError} for one in which a part is something else: it isn't the Kubernetes API's
 */
export function shaped<T extends object>(object: object, { parts }: Looked<T>): T {
  return partsOf(object, parts) as T;
}

function valueOf(value: unknown, shape: Shape): unknown {
  if (typeof shape === "string") {
    if (typeof value !== shape) throw misshapen();
    return value;
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) throw misshapen();
    return value.map((one: unknown) => valueOf(one, shape[0]));
  }
  if (!isMap(value)) throw misshapen();
  if ("parts" in shape) {
    const parts = partsOf(value, shape.parts);
    if (shape.needed?.some((key) => !Object.hasOwn(parts, key))) throw misshapen();
    return parts;
  }
  // an own property each, whatever its name: "__proto__" too
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, valueOf(one, shape.each)]));
}

function partsOf(value: object, parts: Parts): object {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]: [string, unknown]) => {
      const shape = Object.hasOwn(parts, key) ? parts[key] : undefined;
      if (!shape) return [[key, one]];
      return one === null || one === undefined ? [] : [[key, valueOf(one, shape)]];
    }),
  );
}

function isList(shape: Exclude<Shape, string>): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function misshapen(): ApiError {
  return new ApiError("not-kubernetes", "the answer isn't an object as the Kubernetes API gives it");
}
