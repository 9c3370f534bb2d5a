import type { Json, KubernetesObject } from "../../lab/kubernetes/object.ts";
import type { Resource } from "../../lab/kubernetes/resources.ts";
import { startKubernetes, type Kubernetes } from "../../lab/kubernetes/server.ts";
import { FINALIZED, resourceOf } from "./kinds.ts";

/** The kinds that a cluster has before anything is installed. */
const BUILT_IN: readonly [apiVersion: string, kinds: readonly string[]][] = [
  ["v1", ["Namespace", "ConfigMap", "Secret", "Service", "ServiceAccount"]],
  ["apps/v1", ["Deployment", "StatefulSet", "DaemonSet"]],
  ["autoscaling/v2", ["HorizontalPodAutoscaler"]],
  ["networking.k8s.io/v1", ["NetworkPolicy"]],
  ["policy/v1", ["PodDisruptionBudget"]],
  ["rbac.authorization.k8s.io/v1", ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]],
  ["apiextensions.k8s.io/v1", ["CustomResourceDefinition"]],
  ["admissionregistration.k8s.io/v1", ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]],
];

/** How long a controller takes to let go of an object that is deleted, in seconds. */
const CONTROLLERS_TAKE = 0.5;

/** Knative's kinds, as an installation that the stack doesn't own has them. */
const KNATIVE: readonly [apiVersion: string, kinds: readonly string[]][] = [
  ["eventing.knative.dev/v1", ["Broker", "Trigger"]],
  ["serving.knative.dev/v1", ["Service"]],
];

/** The Deployment, of those that the stack installs, that lets go of a kind's objects. */
const CONTROLLERS: Record<string, readonly [namespace: string, name: string]> = {
  "eventing.knative.dev": ["knative-eventing", "mt-broker-controller"],
  "serving.knative.dev": ["knative-serving", "controller"],
};

/**
 * The lab's Kubernetes API with what a stack needs of a cluster: every kind the stack uses, custom ones once they
 * are defined, and controllers that fill in the status of Knative's objects and the CA of webhooks.
 */
export class Cluster {
  /** "Kind namespace/name" of what was created and deleted, in order. */
  readonly created: string[] = [];
  readonly deleted: string[] = [];
  /** What of it was deleted when the controller that has to let go of it was gone: in a real cluster it would stay. */
  readonly stranded: string[] = [];
  /** Called when an object is there, and before whoever created it is told so. */
  onCreated: ((object: KubernetesObject) => void) | undefined;
  readonly #api: Kubernetes;
  readonly #resources: Resource[];
  /** What the cluster came with. */
  readonly #given: Set<string>;

  private constructor(api: Kubernetes, resources: Resource[], knative: boolean) {
    this.#api = api;
    this.#resources = resources;
    this.#given = new Set(api.store.list(resourceOf("v1", "Namespace"), "").map(labelOf));
    api.store.watch((type, object) => {
      if (type === "DELETED") {
        this.deleted.push(labelOf(object));
        if (!knative && this.#isStranded(object)) this.stranded.push(labelOf(object));
      }
      if (type === "MODIFIED" && lacksCa(object))
        queueMicrotask(() => {
          this.#giveCa(object);
        });
      if (type !== "ADDED") return;
      this.created.push(labelOf(object));
      if (object.kind === "CustomResourceDefinition") resources.push(...definedBy(object));
      this.onCreated?.(object);
      queueMicrotask(() => {
        this.#reconcile(object);
      });
    });
  }

  /** @param options.knative whether Knative is there already, run by someone else */
  static async start({ knative }: { knative: boolean }): Promise<Cluster> {
    const kinds = knative ? [...BUILT_IN, ...KNATIVE] : BUILT_IN;
    const resources = kinds.flatMap(([apiVersion, names]) => names.map((kind) => resourceOf(apiVersion, kind)));
    const api = await startKubernetes({ resources, graceScale: CONTROLLERS_TAKE });
    for (const name of ["default", "kube-system", ...(knative ? ["knative-eventing", "knative-serving"] : [])]) {
      api.store.place(resourceOf("v1", "Namespace"), { metadata: { name } });
    }
    return new Cluster(api, resources, knative);
  }

  get url(): string {
    return this.#api.url;
  }

  get token(): string {
    return this.#api.adminToken;
  }

  /** What is there, but for what the cluster came with: "Kind namespace/name", and the object as someone wants it. */
  objects(): Map<string, Json> {
    const labelled = this.#owned().map(([, object]): [string, Json] => [labelOf(object), desired(object)]);
    return new Map(labelled.sort(([one], [other]) => one.localeCompare(other)));
  }

  #owned(): [Resource, KubernetesObject][] {
    // of several versions of a kind, any one lists all objects
    const resources = new Map(this.#resources.map((resource) => [`${resource.group}/${resource.resource}`, resource]));
    return [...resources.values()].flatMap((resource) =>
      this.#api.store
        .list(resource, "")
        .filter((object) => !this.#given.has(labelOf(object)))
        .map((object): [Resource, KubernetesObject] => [resource, object]),
    );
  }

  /** The one object of that kind and name. */
  object(kind: string, name: string): KubernetesObject {
    const found = this.#resources
      .filter((resource) => resource.kind === kind)
      .flatMap((resource) => this.#api.store.list(resource, ""));
    const object = found.find(({ metadata }) => metadata.name === name);
    if (!object) throw new Error(`the API holds no ${kind} ${name}`);
    return object;
  }

  /** Forgets what was created and deleted so far, but not what is there. */
  forget(): void {
    for (const list of [this.created, this.deleted, this.stranded]) list.length = 0;
  }

  /** As `helm uninstall` does, whatever state the release is in. */
  helmUninstall(namespace: string, name: string): void {
    const secret = `sh.helm.release.v1.${name}.v1`;
    if (this.objects().has(`Secret ${namespace}/${secret}`))
      this.#api.store.delete(resourceOf("v1", "Secret"), namespace, secret);
  }

  /** Takes away what the stack made. */
  clear(): void {
    for (const [resource, object] of this.#owned()) {
      this.#api.store.delete(resource, object.metadata.namespace ?? "", object.metadata.name, {
        gracePeriodSeconds: 0,
      });
    }
    this.forget();
  }

  async stop(): Promise<void> {
    await this.#api.close();
  }

  #isStranded({ apiVersion, kind }: KubernetesObject): boolean {
    const [group = ""] = apiVersion.split("/");
    const controller = CONTROLLERS[group];
    if (!controller || !FINALIZED.includes(`${group} ${kind}`)) return false;
    const [namespace, name] = controller;
    return !this.#api.store
      .list(resourceOf("apps/v1", "Deployment"), namespace)
      .some(({ metadata }) => metadata.name === name);
  }

  #reconcile(object: KubernetesObject): void {
    const { name, namespace = "" } = object.metadata;
    const resource = resourceOf(object.apiVersion, object.kind);
    const conditions = [{ type: "Ready", status: "True" }];
    const url = `http://${name}.${namespace}.svc.cluster.local`;
    const status: Record<string, Json> = {
      "eventing.knative.dev/v1 Broker": {
        conditions,
        address: { url: `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/${name}` },
      },
      "eventing.knative.dev/v1 Trigger": { conditions },
      "serving.knative.dev/v1 Service": { conditions, url, address: { url }, latestReadyRevisionName: `${name}-00001` },
    };
    const filled = status[`${object.apiVersion} ${object.kind}`];
    if (filled) this.#api.store.update(resource, namespace, name, "status", { ...object, status: filled });
    if (lacksCa(object)) this.#giveCa(object);
  }

  #giveCa(object: KubernetesObject): void {
    const webhooks = webhooksOf(object).map((webhook) => ({
      ...webhook,
      clientConfig: { ...webhook.clientConfig, caBundle: "Q0E=" },
    }));
    this.#api.store.update(resourceOf(object.apiVersion, object.kind), "", object.metadata.name, "object", {
      ...object,
      webhooks,
    });
  }
}

/** A webhook configuration as its author has it, who doesn't know the CA. */
function lacksCa(object: KubernetesObject): boolean {
  return (
    object.kind.endsWith("WebhookConfiguration") &&
    webhooksOf(object).some(({ clientConfig }) => !clientConfig["caBundle"])
  );
}

function webhooksOf(object: KubernetesObject): { clientConfig: Json }[] {
  return object["webhooks"] as { clientConfig: Json }[];
}

/** The resources that a CustomResourceDefinition adds to the API. */
function definedBy({ spec }: KubernetesObject): Resource[] {
  const { group, scope, names, versions } = spec as {
    group: string;
    scope: string;
    names: { kind: string; plural: string };
    versions: { name: string }[];
  };
  return versions.map(({ name }) => ({
    ...resourceOf(`${group}/${name}`, names.kind),
    resource: names.plural,
    namespaced: scope === "Namespaced",
  }));
}

function labelOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  // the two kinds of that name are to be told apart
  const qualified = apiVersion.startsWith("serving.knative.dev/") && kind === "Service" ? "KService" : kind;
  return `${qualified} ${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
}

/** An object without what the API and controllers fill in. */
function desired(object: KubernetesObject): Json {
  const { name, namespace, labels, annotations } = object.metadata;
  const rest = Object.fromEntries(
    Object.entries(object).filter(([field]) => field !== "status" && field !== "metadata"),
  );
  return structuredClone({ ...rest, metadata: { name, namespace, labels, annotations } });
}
