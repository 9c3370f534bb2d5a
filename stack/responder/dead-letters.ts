import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DEAD_LETTER } from "../../responder/settings.ts";
import { DEAD_LETTER_NAME } from "./names.ts";
import { destinationOf, labelsOf, PrivateService, type ServiceBase } from "./private-service.ts";
import type { Destination } from "../knative/custom-resources.ts";

/**
 * The last stop of an event that could not be delivered: tells falcosidekick about it, as an alert that no
 * rule answers, so that nothing vanishes unseen. It has no business with the Kubernetes API.
 */
export class DeadLetters extends pulumi.ComponentResource {
  readonly service: PrivateService;
  /** The service, as a dead letter sink. */
  readonly destination: Destination;

  constructor(name: string, args: DeadLettersArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:DeadLetters", name, {}, options);
    const { namespace, sidekickUrl } = args;
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      {
        metadata: { name: DEAD_LETTER_NAME, namespace, labels: labelsOf(DEAD_LETTER_NAME) },
        automountServiceAccountToken: false,
      },
      { parent: this },
    );
    this.service = new PrivateService(
      `${name}-service`,
      {
        ...args,
        serviceName: DEAD_LETTER_NAME,
        serviceAccount: account.metadata.name,
        callsKubernetes: false,
        command: "dead-letter",
        scale: { min: 0, max: 1, concurrency: 0 },
        env: { [DEAD_LETTER.falcosidekick.variable]: sidekickUrl },
      },
      { parent: this },
    );
    this.destination = destinationOf(this.service);
    this.registerOutputs();
  }
}

export interface DeadLettersArgs extends ServiceBase {
  /** Where falcosidekick takes alerts. */
  sidekickUrl: pulumi.Input<string>;
}
