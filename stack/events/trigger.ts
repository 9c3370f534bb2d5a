import * as pulumi from "@pulumi/pulumi";
import type { DeliveryConfig } from "../config/config.ts";
import type { TriggerFilter } from "../knative/custom-resources.ts";
import { Trigger, type Destination } from "../knative/custom-resources.ts";

/** One way out of the Broker: which events go where, and what becomes of those that don't get there. */
export class EventTrigger extends pulumi.ComponentResource {
  readonly trigger: Trigger;

  constructor(name: string, args: EventTriggerArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:EventTrigger", name, {}, options);
    const { retry, backoffPolicy, backoffDelay, timeout } = args.delivery;
    this.trigger = new Trigger(
      `${name}-trigger`,
      {
        metadata: {
          name,
          namespace: args.namespace,
          labels: { "app.kubernetes.io/part-of": "response-engine", "app.kubernetes.io/managed-by": "pulumi" },
          annotations: { "pulumi.com/waitFor": "condition=Ready" },
        },
        spec: {
          broker: args.brokerName,
          filters: args.filters,
          subscriber: args.subscriber,
          delivery: {
            retry,
            backoffPolicy,
            backoffDelay,
            ...(timeout && { timeout }),
            deadLetterSink: args.deadLetterSink,
          },
        },
      },
      { parent: this, customTimeouts: { create: "3m", update: "3m" } },
    );
    this.registerOutputs();
  }
}

export interface EventTriggerArgs {
  /** The Broker's. */
  namespace: pulumi.Input<string>;
  brokerName: pulumi.Input<string>;
  /** All of which an event has to pass. */
  filters: TriggerFilter[];
  subscriber: Destination;
  delivery: Omit<DeliveryConfig, "deadLetterSink">;
  /** Where an event goes when it is refused or the retries have run out. */
  deadLetterSink: Destination;
}
