import * as pulumi from "@pulumi/pulumi";
import type { ObjectInputs } from "./client.ts";

/** What everything else in a group may need to be there. */
const FIRST = ["Namespace", "CustomResourceDefinition"];

/**
 * Objects as children of one component, as the real provider registers them.
 * @see https://www.pulumi.com/registry/packages/kubernetes/api-docs/yaml/v2/configgroup/
 */
export class ConfigGroup extends pulumi.ComponentResource {
  constructor(name: string, objects: readonly ObjectInputs[], options: pulumi.ComponentResourceOptions) {
    super("kubernetes:yaml/v2:ConfigGroup", name, {}, options);
    const register = (object: ObjectInputs, dependsOn: pulumi.Resource[]): pulumi.Resource =>
      new ConfigObject(tokenOf(object), `${name}:${nameOf(object)}`, object, { parent: this, dependsOn });
    const first = objects.filter(({ kind }) => FIRST.includes(kind)).map((object) => register(object, []));
    for (const object of objects.filter(({ kind }) => !FIRST.includes(kind))) register(object, first);
    this.registerOutputs({});
  }
}

/** Any object, by its type token. */
class ConfigObject extends pulumi.CustomResource {}

function tokenOf({ apiVersion, kind }: ObjectInputs): string {
  return `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
}

function nameOf({ metadata }: ObjectInputs): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
