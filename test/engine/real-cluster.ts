import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import type { Json } from "../../lab/kubernetes/object.ts";
import type { Api } from "../support/api.ts";
import { Applier, type NamedObject } from "../support/apply.ts";
import { startControlPlane, type ControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import type { EngineApi } from "./providers.ts";

interface LiveObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: unknown[];
  };
  status?: { conditions?: unknown[] };
  webhooks?: { clientConfig: Json }[];
}

/** Kinds whose objects come and go by themselves: controllers make them, of what others have made. */
const PASSING = [
  "APIService",
  "ControllerRevision",
  "Endpoints",
  "EndpointSlice",
  "Event",
  "Lease",
  "Node",
  "Pod",
  "ReplicaSet",
  "IPAddress",
  "PriorityLevelConfiguration",
  "FlowSchema",
];
/** What every namespace gets. */
const OF_A_NAMESPACE = ["ServiceAccount default", "ConfigMap kube-root-ca.crt"];

/**
 * A real Kubernetes API (see test/support/control-plane.ts) with stand-ins for Knative's own programs, which can't run on
 * nodes that are made up: they fill in the status of its objects, and the CA of its webhooks, of which none is ever called.
 */
export class RealCluster implements EngineApi {
  readonly url: string;
  readonly token: string;
  readonly caFile: string;
  readonly #controlPlane: ControlPlane;
  readonly #stopping = new AbortController();
  readonly #standIns: Promise<void>;

  private constructor(controlPlane: ControlPlane) {
    this.url = controlPlane.url;
    this.token = controlPlane.adminToken;
    this.caFile = controlPlane.caFile;
    this.#controlPlane = controlPlane;
    this.#standIns = standIn(controlPlane, this.#stopping.signal);
  }

  static async start(): Promise<RealCluster> {
    return new RealCluster(await startControlPlane());
  }

  /** Defines Knative's kinds, as a platform that runs it itself has. @param folder of its release manifests */
  async defineKnative(folder: string): Promise<void> {
    const texts = ["serving-core.yaml", "eventing-core.yaml"].map((file) => readFileSync(join(folder, file), "utf8"));
    const objects = texts.flatMap((text) =>
      parseAllDocuments(text).map((document) => document.toJS() as NamedObject | null),
    );
    const applier = new Applier(this.#controlPlane.api);
    await applier.demand(objects.filter((object) => object?.kind === "CustomResourceDefinition") as NamedObject[]);
    for (const name of ["knative-serving", "knative-eventing"])
      await applier.demand([{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
  }

  /** All that is there and that somebody wants: "Kind namespace/name", and the object without what the API and controllers fill in. */
  async objects(): Promise<Map<string, Json>> {
    const { api } = this.#controlPlane;
    const groups = await api.demand<{ groups: { preferredVersion: { groupVersion: string } }[] }>("GET", "/apis");
    const found = new Map<string, Json>();
    for (const version of ["v1", ...groups.groups.map(({ preferredVersion }) => preferredVersion.groupVersion)]) {
      const base = version === "v1" ? "/api/v1" : `/apis/${version}`;
      const served = await answerAt<{ resources: { name: string; kind: string; verbs: string[] }[] }>(api, base);
      for (const { name, kind, verbs } of served?.resources ?? []) {
        if (!verbs.includes("list") || name.includes("/") || PASSING.includes(kind)) continue;
        for (const object of await itemsAt(api, `${base}/${name}`)) {
          const label = labelOf({ ...object, apiVersion: version, kind });
          if (!OF_A_NAMESPACE.includes(`${kind} ${object.metadata.name}`))
            found.set(label, desired({ ...object, apiVersion: version, kind }));
        }
      }
    }
    return found;
  }

  /** @throws what the stand-ins failed at, if they never got over it */
  async stop(): Promise<void> {
    this.#stopping.abort();
    try {
      await this.#standIns;
    } finally {
      await this.#controlPlane.stop();
    }
  }
}

function labelOf({ apiVersion, kind, metadata: { namespace, name } }: LiveObject): string {
  const qualified = apiVersion.startsWith("serving.knative.dev/") && kind === "Service" ? "KService" : kind;
  return `${qualified} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function desired(object: LiveObject): Json {
  const { name, namespace, labels, annotations } = object.metadata;
  const rest = Object.fromEntries(
    Object.entries(object).filter(([field]) => field !== "status" && field !== "metadata"),
  );
  return { ...rest, metadata: { name, namespace, labels, annotations } };
}

/** Looks for what Knative's programs would see to, again and again; what fails is tried again, as their controllers do. */
async function standIn(controlPlane: ControlPlane, stopping: AbortSignal): Promise<void> {
  let failure: Error | undefined;
  while (!stopping.aborted) {
    await sleep(50);
    failure = await reconcile(controlPlane).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    // what was listed may be gone by now
    if (failure && / was answered (404|409)/.test(failure.message)) failure = undefined;
  }
  if (failure) throw failure;
}

async function reconcile({ api, ca }: ControlPlane): Promise<void> {
  for (const kind of ["mutating", "validating"])
    await quieten(api, ca, `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`);
  for (const [group, plural, statusOf] of READY) await makeReady(api, `/apis/${group}/v1`, plural, statusOf);
}

async function itemsAt(api: Api, path: string): Promise<LiveObject[]> {
  return (await answerAt<{ items: LiveObject[] }>(api, path))?.items ?? [];
}

/** Undefined where the API serves nothing there. @throws Error where it says anything else, so that nothing is taken for gone */
async function answerAt<Body>(api: Api, path: string): Promise<Body | undefined> {
  const { status, body } = await eventually(`GET ${path} is answered`, async () => {
    const answer = await api.request<Body>("GET", path);
    // so it is for a moment with a kind that has just been defined
    return answer.status !== 429 && answer;
  });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`GET ${path} was answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Gives webhooks the CA that is waited for, and at once a condition by which none of them is ever called. */
async function quieten(api: Api, ca: string, path: string): Promise<void> {
  for (const { metadata, webhooks = [] } of await itemsAt(api, path)) {
    if (webhooks.every(({ clientConfig }) => clientConfig["caBundle"] !== undefined)) continue;
    const quiet = webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: { ...webhook.clientConfig, caBundle: Buffer.from(ca).toString("base64") },
      matchConditions: [{ name: "never", expression: "false" }],
    }));
    await api.demand("PATCH", `${path}/${metadata.name}`, {
      body: { webhooks: quiet },
      contentType: "application/merge-patch+json",
    });
  }
}

/** What Knative says of its objects when they are ready, beside that. */
const READY: readonly [group: string, plural: string, statusOf: (namespace: string, name: string) => Json][] = [
  [
    "eventing.knative.dev",
    "brokers",
    (namespace, name) => ({
      address: { url: `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/${name}` },
    }),
  ],
  ["eventing.knative.dev", "triggers", () => ({})],
  [
    "serving.knative.dev",
    "services",
    (namespace, name) => {
      const url = `http://${name}.${namespace}.svc.cluster.local`;
      return { url, address: { url } };
    },
  ],
];

async function makeReady(
  api: Api,
  base: string,
  plural: string,
  statusOf: (namespace: string, name: string) => Json,
): Promise<void> {
  for (const {
    metadata: { name, namespace = "" },
    status,
  } of await itemsAt(api, `${base}/${plural}`)) {
    if (status?.conditions) continue;
    const body = { status: { conditions: [{ type: "Ready", status: "True" }], ...statusOf(namespace, name) } };
    await api.demand("PATCH", `${base}/namespaces/${namespace}/${plural}/${name}/status`, {
      body,
      contentType: "application/merge-patch+json",
    });
  }
}
