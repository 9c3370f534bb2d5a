// A provider of Kubernetes objects, for the engine to attach to: node kubernetes-provider.ts URL TOKEN
// It does what @pulumi/kubernetes' own one does for the resources of this project, as far as the engine can tell.
import * as pulumi from "@pulumi/pulumi";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient, ApiError, type ObjectInputs } from "./client.ts";
import { ConfigGroup } from "./config-group.ts";
import { differences, isJson, mergePatch, projected, reveal, same, withoutNulls, type Json } from "./values.ts";

const [url = "", token = ""] = process.argv.slice(2);
const api = new ApiClient(url, token);
/** @see https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/#upsertexistingobjects_nodejs */
const upsert = process.env["PULUMI_K8S_UPSERT_EXISTING_OBJECTS"] === "true";
const RELEASE = "kubernetes:helm.sh/v3:Release";

// The state keeps of a resource its inputs and its status, no more: that is what the program and the tests look at.

const provider: pulumi.provider.Provider = {
  version: "4.34.2",

  check: (urn, _olds, news: Json) => {
    const name =
      typeOf(urn) === RELEASE ? news["name"] : isJson(news["metadata"]) ? news["metadata"]["name"] : undefined;
    return Promise.resolve(
      typeof name === "string"
        ? { inputs: withoutNulls(news) }
        : { failures: [{ property: "metadata.name", reason: "every object of this project has a name of its own" }] },
    );
  },

  diff: (_id, urn, olds: Json, news: Json) => {
    const changed = differences(reveal(inputsOf(olds)), reveal(news));
    const replaces = changed.filter((path) => replacesAt(typeOf(urn), path)).map((path) => path.split(".")[0] ?? path);
    return Promise.resolve({ changes: changed.length > 0, replaces });
  },

  create: async (urn, inputs: Json) => {
    const object = objectOf(urn, inputs);
    const live = await ready(object, await created(object, typeOf(urn) === RELEASE));
    return { id: idOf(object), outs: outputsOf(urn, inputs, live) };
  },

  read: async (id, urn, props: Json = {}) => {
    // without properties, the resource is one to be imported
    const inputs = Object.keys(props).length > 0 ? inputsOf(props) : undefined;
    const live = await api.get(inputs ? objectOf(urn, inputs) : objectNamed(urn, id));
    if (!live) return { id: "", props: {} };
    const current =
      inputs && typeOf(urn) !== RELEASE
        ? await currentInputs(objectOf(urn, inputs), live, inputs)
        : (inputs ?? importedInputs(urn, live));
    return { id, props: outputsOf(urn, current, live), inputs: current };
  },

  update: async (_id, urn, olds: Json, news: Json) => {
    const object = objectOf(urn, news);
    const patch = mergePatch(objectOf(urn, inputsOf(olds)), object);
    return { outs: outputsOf(urn, news, await ready(object, await api.patch(object, patch))) };
  },

  delete: async (_id, urn, props: Json) => {
    await api.delete(objectOf(urn, inputsOf(props)));
  },

  construct: async (name, type, inputs, options) => {
    if (type !== "kubernetes:yaml/v2:ConfigGroup") throw new Error(`${type} is not a component of this provider`);
    const group = new ConfigGroup(name, (await known(inputs["objs"])) as ObjectInputs[], options);
    return { urn: group.urn, state: {} };
  },
};

await pulumi.provider.main(provider, process.argv.slice(4));
process.once("disconnect", () => process.exit());

async function created(object: ObjectInputs, isRelease: boolean): Promise<Json> {
  try {
    return await retried(() => api.create(object));
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 409)) throw error;
    if (isRelease) throw new Error("cannot re-use a name that is still in use", { cause: error });
    if (!upsert) throw new Error(`${error.message}\n\nThe resource already exists in the cluster.`, { cause: error });
    return await api.patch(object, object);
  }
}

/**
 * What isn't found, a kind or a namespace, may be on its way: the real provider waits for it too, for 31 s.
 * A webhook may not have been told yet that it has nobody to ask.
 */
async function retried(create: () => Promise<Json>): Promise<Json> {
  for (let milliseconds = 100; ; milliseconds *= 2) {
    try {
      return await create();
    } catch (error) {
      const passing =
        error instanceof ApiError && (error.code === 404 || error.message.includes("failed calling webhook"));
      if (!passing || milliseconds > 12_800) throw error;
    }
    await sleep(milliseconds);
  }
}

/** The inputs again, where the API would change nothing if they were written once more; else what it has in their places. */
async function currentInputs(object: ObjectInputs, live: Json, inputs: Json): Promise<Json> {
  const current = projected(asWritten(live, inputs), inputs) as Json;
  if (same(reveal(current), reveal(inputs))) return current;
  // the API has its own way to write quantities and what is empty
  const again = await api.patch(object, object, { dryRun: true });
  return same(withoutVersion(again), withoutVersion(live)) ? inputs : current;
}

function withoutVersion(object: Json): Json {
  return {
    ...object,
    metadata: { ...(object["metadata"] as Json), resourceVersion: undefined, managedFields: undefined },
  };
}

/** Waits until what the annotation pulumi.com/waitFor asks for is there. */
async function ready(object: ObjectInputs, live: Json): Promise<Json> {
  const wish = object.metadata.annotations?.["pulumi.com/waitFor"];
  if (wish === undefined) return live;
  for (let current: Json | undefined = live; current; current = await api.get(object)) {
    if (granted(wish, current)) return current;
    await sleep(20);
  }
  throw new Error(`${object.kind} ${idOf(object)} went away while it was waited for`);
}

function granted(wish: string, live: Json): boolean {
  if (wish === "condition=Ready") {
    const conditions = isJson(live["status"]) ? live["status"]["conditions"] : undefined;
    return (
      Array.isArray(conditions) &&
      conditions.some(
        (condition: unknown) => isJson(condition) && condition["type"] === "Ready" && condition["status"] === "True",
      )
    );
  }
  const path = /^jsonpath=\{\.(.+)\}$/.exec(wish)?.[1];
  if (path === undefined)
    throw new Error(`the annotation pulumi.com/waitFor is "${wish}", which this provider does not know`);
  const keys = path.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
  return keys.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], live) !== undefined;
}

/** The type token in a URN: `urn:pulumi:STACK::PROJECT::PARENTS$TYPE::NAME`. */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

/** What stands in the API for a resource. Of a Helm release, that is the Secret Helm keeps. */
function objectOf(urn: string, inputs: Json): ObjectInputs {
  const plain = reveal(inputs) as Json;
  if (typeOf(urn) !== RELEASE) return plain as ObjectInputs;
  return release(String(plain["namespace"]), String(plain["name"]), {
    release: Buffer.from(JSON.stringify(plain)).toString("base64"),
  });
}

function objectNamed(urn: string, id: string): ObjectInputs {
  const [name = "", namespace] = id.split("/").reverse();
  const type = typeOf(urn);
  if (type === RELEASE) return release(namespace ?? "default", name, {});
  const [, group = "", kind = ""] = type.split(":");
  return {
    apiVersion: group.replace(/^core\//, ""),
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }) },
  };
}

function release(namespace: string, name: string, data: Json): ObjectInputs {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `sh.helm.release.v1.${name}.v1`, namespace },
    type: "helm.sh/release.v1",
    data,
  };
}

function idOf({ metadata }: ObjectInputs): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function outputsOf(urn: string, inputs: Json, live: Json): Json {
  const { name, namespace } = inputs;
  const status = typeOf(urn) === RELEASE ? { name, namespace, status: "deployed", revision: 1 } : live["status"];
  return { ...inputs, ...(status !== undefined && { status }) };
}

function inputsOf(outputs: Json): Json {
  return Object.fromEntries(Object.entries(outputs).filter(([field]) => field !== "status"));
}

/** The API turns a Secret's `stringData` into `data`: the way back. */
function asWritten(live: Json, inputs: Json): Json {
  const { stringData } = reveal(inputs) as { stringData?: Json };
  if (!stringData) return live;
  const data = live["data"] as Record<string, string>;
  const texts = Object.keys(stringData).map((key) => [key, Buffer.from(data[key] ?? "", "base64").toString()]);
  return { ...live, stringData: Object.fromEntries(texts) as Json };
}

/** The inputs that would have made an object which the state knows nothing of. */
function importedInputs(urn: string, live: Json): Json {
  if (typeOf(urn) === RELEASE) {
    const data = live["data"] as { release: string };
    return JSON.parse(Buffer.from(data.release, "base64").toString()) as Json;
  }
  const { name, namespace, labels, annotations } = live["metadata"] as Json;
  const metadata = Object.fromEntries(
    Object.entries({ name, namespace, labels, annotations }).filter(([, value]) => value !== undefined),
  );
  return { ...Object.fromEntries(Object.entries(live).filter(([field]) => field !== "status")), metadata };
}

/** Fields that the API doesn't let anyone change. */
function replacesAt(type: string, path: string): boolean {
  if (["apiVersion", "kind", "metadata.name", "metadata.namespace"].includes(path)) return true;
  if (type === RELEASE) return path === "name" || path === "namespace";
  if (type.endsWith(":Secret")) return path === "type";
  return type.includes(":rbac.authorization.k8s.io/") && path.startsWith("roleRef");
}

function known(input: pulumi.Input<unknown>): Promise<unknown> {
  return new Promise((settle) => {
    pulumi.all([input]).apply(([value]) => {
      settle(value);
    });
  });
}
