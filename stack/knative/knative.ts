import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { leaveWebhooksAlone, stagesOf, type KnativeManifests, type Manifest } from "./manifests.ts";

/**
 * Knative Serving with Kourier, and Eventing with the in-memory channel and the MT channel broker, side by
 * side. What uses Knative depends on this component: so it is made when the webhooks answer, and goes, on
 * destroy, while the controllers that have to let go of it still live.
 */
export class Knative extends pulumi.ComponentResource {
  constructor(name: string, { manifests }: KnativeArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:Knative", name, {}, options);
    this.#install(name, manifests.serving);
    this.#install(name, manifests.eventing);
    this.registerOutputs();
  }

  /** One stage of one file after the other. */
  #install(name: string, manifests: Manifest[]): void {
    let before: pulumi.Resource[] = [];
    for (const manifest of manifests) {
      for (const stage of stagesOf(manifest)) {
        const group = new k8s.yaml.v2.ConfigGroup(
          `${name}-${manifest.name}-${stage.name}`,
          { objs: stage.objects },
          { parent: this, dependsOn: before, transforms: [leaveWebhooksAlone] },
        );
        before = [group];
      }
    }
  }
}

export interface KnativeArgs {
  /** The release manifests, as `loadKnative` returns them. */
  manifests: KnativeManifests;
}
