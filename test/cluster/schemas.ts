import type { Api, KubernetesObject } from "../support/api.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/#JSONSchemaProps */
interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
}

interface Definition {
  spec: { group: string; names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

/** The schemas of an API's custom resources. */
export class Schemas {
  readonly #byKind: ReadonlyMap<string, Schema>;

  private constructor(byKind: ReadonlyMap<string, Schema>) {
    this.#byKind = byKind;
  }

  static async read(api: Api): Promise<Schemas> {
    const { items } = await api.demand<{ items: Definition[] }>(
      "GET",
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    );
    return new Schemas(
      new Map(
        items.flatMap(({ spec: { group, names, versions } }) =>
          versions.map(({ name, schema }) => [`${group}/${name} ${names.kind}`, schema.openAPIV3Schema] as const),
        ),
      ),
    );
  }

  /**
   * The fields of an object that its definition names nowhere. The API refuses them by itself but for those under
   * `x-kubernetes-preserve-unknown-fields`, which Knative is generous with: there its webhook would refuse them.
   *
   * @returns paths such as `spec.filterz`; none for an object that is no custom resource
   */
  unknownFields({ apiVersion = "", kind = "", ...object }: KubernetesObject): string[] {
    const schema = this.#byKind.get(`${apiVersion} ${kind}`);
    return schema
      ? Object.entries(object).flatMap(([field, value]) =>
          field === "metadata" ? [] : unknownIn(value, schema.properties?.[field], field),
        )
      : [];
  }
}

function unknownIn(value: unknown, schema: Schema | undefined, path: string): string[] {
  if (!schema) return [path];
  if (Array.isArray(value))
    return value.flatMap((item, index) => (schema.items ? unknownIn(item, schema.items, `${path}.${index}`) : []));
  if (typeof value !== "object" || value === null || !schema.properties) return [];
  return Object.entries(value).flatMap(([field, child]) =>
    unknownIn(child, schema.properties?.[field], `${path}.${field}`),
  );
}
