import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

type Selector = k8s.types.input.meta.v1.LabelSelector;
export type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;

/** A label that every namespace has of itself. @see https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name */
const NAME = "kubernetes.io/metadata.name";

/** As Falco's chart labels them; the UI's pods and Redis have components of their own. */
export const SIDEKICK_PODS: Selector = {
  matchLabels: { "app.kubernetes.io/name": "falcosidekick", "app.kubernetes.io/component": "core" },
};
const FALCO_PODS: Selector = { matchLabels: { "app.kubernetes.io/name": "falco" } };

/** The responder's and the dead letter service's: Knative hands the template's labels on to the pods. */
export const OWN_SERVICES: Selector = {
  matchLabels: { "app.kubernetes.io/part-of": "response-engine" },
  matchExpressions: [{ key: "serving.knative.dev/service", operator: "Exists" }],
};

/** Where requests to Knative Services come from, beside knative-serving: the gateway that the program installs … */
const KOURIER = ["kourier-system"];
/** … or that somebody else has, by the names in Knative's own instructions. */
const GATEWAYS = [...KOURIER, "istio-system", "contour-internal", "contour-external"];

export function ofNamespace(namespace: pulumi.Input<string>, pods?: Selector): Peer {
  return { namespaceSelector: { matchLabels: { [NAME]: namespace } }, ...(pods && { podSelector: pods }) };
}

/** Falco's pods, which are in falcosidekick's namespace. */
export function falcoPeer(): Peer {
  return { podSelector: FALCO_PODS };
}

export function sidekickPeer(namespace: pulumi.Input<string>): Peer {
  return ofNamespace(namespace, SIDEKICK_PODS);
}

export function eventingPeer(): Peer {
  return ofNamespace("knative-eventing");
}

/** Knative Serving's pods, and those of its ingress. */
export function servingPeer(installsKnative: boolean): Peer {
  const gateways = installsKnative ? KOURIER : GATEWAYS;
  return {
    namespaceSelector: { matchExpressions: [{ key: NAME, operator: "In", values: ["knative-serving", ...gateways] }] },
  };
}
