import type { Answer, Api, KubernetesObject } from "./api.ts";
import { eventually } from "./eventually.ts";

/** An object that names itself. */
export interface NamedObject extends KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: KubernetesObject["metadata"] & { name: string };
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#api-discovery */
interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[];
}

interface Definition extends KubernetesObject {
  status?: { conditions?: { type: string; status: string }[] };
}

/** Applies objects as the Pulumi provider does: server-side, by one field manager, with every field checked. */
export class Applier {
  readonly #api: Api;
  /** By group and version. */
  readonly #served = new Map<string, ResourceList["resources"]>();

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Applies one object; with `dryRun` it is checked in full, and nothing is kept. A definition is in force when this returns.
   *
   * @returns the API's answer, whatever it is: a Status where it refuses
   * @throws Error where the API serves no such kind
   * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
   */
  async apply(object: NamedObject, { dryRun = false } = {}): Promise<Answer> {
    const path = await this.pathOf(object);
    const query = `fieldManager=response-engine-tests&force=true&fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`;
    const answer = await this.#api.request("PATCH", `${path}?${query}`, {
      body: object,
      contentType: "application/apply-patch+yaml",
    });
    if (answer.status < 300 && object.kind === "CustomResourceDefinition" && !dryRun) {
      await eventually(`${object.metadata.name} is served`, async () => {
        const { status } = await this.#api.demand<Definition>("GET", path);
        return (status?.conditions ?? []).some(
          (condition) => condition.type === "Established" && condition.status === "True",
        );
      });
    }
    return answer;
  }

  /** Applies objects that have to be accepted. @throws Error with the API's own words where one is not */
  async demand(objects: readonly NamedObject[]): Promise<void> {
    for (const object of objects) {
      const { status, body } = await this.apply(object);
      if (status >= 300) throw new Error(`${labelOf(object)} was answered ${status}: ${JSON.stringify(body)}`);
    }
  }

  /** Where the API has the object. */
  async pathOf({ apiVersion, kind, metadata }: NamedObject): Promise<string> {
    const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { name, namespaced } = await eventually(`the API serves ${kind} of ${apiVersion}`, async () => {
      const known = this.#served.get(apiVersion)?.find((one) => one.kind === kind);
      if (known) return known;
      const { status, body } = await this.#api.request<ResourceList>("GET", base);
      if (status === 200)
        this.#served.set(
          apiVersion,
          body.resources.filter((one) => !one.name.includes("/")),
        );
      return undefined;
    });
    return `${base}${namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : ""}/${name}/${metadata.name}`;
  }
}

/** "Kind namespace/name", for messages. */
export function labelOf({ kind, metadata: { namespace, name } }: NamedObject): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}
