import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  eventingPeer,
  falcoPeer,
  ofNamespace,
  OWN_SERVICES,
  servingPeer,
  SIDEKICK_PODS,
  sidekickPeer,
  type Peer,
} from "./peers.ts";

/** A falcosidekick's port for alerts. */
const SIDEKICK_PORT = 2801;

/**
 * Who may connect to what takes alerts and responses: the second door beside the key, and the only one to falcosidekick,
 * which signs whatever is posted to it. Where the cluster's network doesn't enforce policies they do nothing.
 */
export class NetworkRules extends pulumi.ComponentResource {
  constructor(name: string, args: NetworkRulesArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:NetworkRules", name, {}, options);
    if (args.networkPolicies) {
      for (const rule of rulesOf(args)) {
        const { pods, namespace, from, port } = rule;
        new k8s.networking.v1.NetworkPolicy(
          `${name}-${rule.name}`,
          {
            metadata: {
              name: `response-engine-${rule.name}`,
              namespace,
              labels: { "app.kubernetes.io/part-of": "response-engine", "app.kubernetes.io/managed-by": "pulumi" },
            },
            spec: {
              podSelector: pods,
              policyTypes: ["Ingress"],
              ingress: [
                { from: [...from, ...args.networkPolicyPeers], ...(port && { ports: [{ protocol: "TCP", port }] }) },
              ],
            },
          },
          { parent: this },
        );
      }
    }
    this.registerOutputs();
  }
}

export interface NetworkRulesArgs {
  /** Whether there are any. */
  networkPolicies: boolean;
  /** Further peers, for each of them. */
  networkPolicyPeers: readonly Record<string, unknown>[];
  namespaces: { broker: pulumi.Input<string>; falco: pulumi.Input<string> };
  /** Whether Knative is this program's, and nobody else posts to its Broker's ingress. */
  installsKnative: boolean;
}

interface Rule {
  name: string;
  namespace: pulumi.Input<string>;
  pods: k8s.types.input.meta.v1.LabelSelector;
  from: Peer[];
  /** Undefined: every port. */
  port?: number;
}

function rulesOf({ namespaces, installsKnative }: NetworkRulesArgs): Rule[] {
  const own = ofNamespace(namespaces.broker, OWN_SERVICES);
  const sidekick: Rule = {
    name: "falcosidekick",
    namespace: namespaces.falco,
    pods: SIDEKICK_PODS,
    from: [falcoPeer(), own],
    port: SIDEKICK_PORT,
  };
  const services: Rule = {
    name: "services",
    namespace: namespaces.broker,
    pods: OWN_SERVICES,
    from: [servingPeer(installsKnative)],
  };
  const ingress: Rule = {
    name: "broker-ingress",
    namespace: "knative-eventing",
    pods: { matchLabels: { "eventing.knative.dev/brokerRole": "ingress" } },
    from: [sidekickPeer(namespaces.falco), eventingPeer(), own],
  };
  return [sidekick, services, ...(installsKnative ? [ingress] : [])];
}
