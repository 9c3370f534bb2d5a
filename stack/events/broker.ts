import * as pulumi from "@pulumi/pulumi";
import type { BrokerConfig } from "../config/config.ts";
import { ensureNamespace } from "../namespace.ts";
import { Broker } from "../knative/custom-resources.ts";

/** The Broker that alerts and responses go through, and the namespace it shares with the responder. */
export class EventBroker extends pulumi.ComponentResource {
  readonly broker: Broker;
  /** Name of the Broker, for Triggers. */
  readonly brokerName: pulumi.Output<string>;
  readonly namespace: pulumi.Output<string>;
  /** Where events are posted to. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: EventBrokerArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:EventBroker", name, {}, options);
    this.namespace = ensureNamespace(`${name}-namespace`, args.namespace, {}, { parent: this });
    this.broker = new Broker(
      `${name}-broker`,
      {
        metadata: {
          name: args.name,
          namespace: this.namespace,
          annotations: { "eventing.knative.dev/broker.class": args.class, "pulumi.com/waitFor": "condition=Ready" },
        },
        spec: args.config ? { config: { apiVersion: "v1", kind: "ConfigMap", ...args.config } } : {},
      },
      {
        parent: this,
        customTimeouts: { create: "5m", update: "5m" },
        // Knative refuses a change of either; a Broker of the same name has to go first.
        replacementTrigger: { class: args.class, config: args.config ?? {} },
        deleteBeforeReplace: true,
      },
    );
    this.brokerName = this.broker.metadata.name;
    this.url = this.broker.status.address.url;
    this.registerOutputs({ brokerName: this.brokerName, namespace: this.namespace, url: this.url });
  }
}

/** `namespace`: created with the stack, unless it is one that every cluster has. `class` and `config` replace the Broker. */
export type EventBrokerArgs = BrokerConfig;
