import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/**
 * One dialect of Knative's filters; an event has to pass all of a Trigger's.
 * @see https://knative.dev/docs/eventing/triggers/#supported-filter-dialects
 */
export type TriggerFilter =
  | { exact: Record<string, string> }
  | { prefix: Record<string, string> }
  | { not: TriggerFilter }
  | { any: TriggerFilter[] };

/** Knative's custom resources, with the fields this stack sets and reads. */

type ObjectMeta = k8s.types.input.meta.v1.ObjectMeta;

/** Where events can be sent. @see https://pkg.go.dev/knative.dev/pkg/apis/duck/v1#Addressable */
export interface AddressableStatus {
  address: { url: string };
}

/** An object by name, or a URL. @see https://pkg.go.dev/knative.dev/pkg/apis/duck/v1#Destination */
export type Destination = { ref: ObjectReference } | { uri: pulumi.Input<string> };

interface ObjectReference {
  apiVersion: string;
  kind: string;
  namespace: pulumi.Input<string>;
  name: pulumi.Input<string>;
}

/** @see https://knative.dev/docs/eventing/reference/eventing-api/#eventing.knative.dev/v1.Broker */
export class Broker extends k8s.apiextensions.CustomResource {
  declare readonly spec: pulumi.Output<BrokerSpec>;
  declare readonly status: pulumi.Output<AddressableStatus>;

  constructor(name: string, args: { metadata: ObjectMeta; spec: BrokerSpec }, options: pulumi.CustomResourceOptions) {
    super(name, { apiVersion: "eventing.knative.dev/v1", kind: "Broker", ...args, status: undefined }, options);
  }
}

export interface BrokerSpec {
  config?: ObjectReference;
}

/** @see https://knative.dev/docs/eventing/reference/eventing-api/#eventing.knative.dev/v1.Trigger */
export class Trigger extends k8s.apiextensions.CustomResource {
  declare readonly spec: pulumi.Output<TriggerSpec>;

  constructor(name: string, args: { metadata: ObjectMeta; spec: TriggerSpec }, options: pulumi.CustomResourceOptions) {
    super(name, { apiVersion: "eventing.knative.dev/v1", kind: "Trigger", ...args }, options);
  }
}

export interface TriggerSpec {
  broker: pulumi.Input<string>;
  filters: TriggerFilter[];
  subscriber: Destination;
  delivery: DeliverySpec;
}

/** @see https://knative.dev/docs/eventing/event-delivery/ */
interface DeliverySpec {
  retry: number;
  backoffPolicy: string;
  backoffDelay: string;
  timeout?: string;
  deadLetterSink: Destination;
}

/** @see https://knative.dev/docs/serving/reference/serving-api/#serving.knative.dev/v1.Service */
export class Service extends k8s.apiextensions.CustomResource {
  declare readonly spec: pulumi.Output<ServiceSpec>;
  declare readonly status: pulumi.Output<AddressableStatus & { url: string }>;

  constructor(name: string, args: { metadata: ObjectMeta; spec: ServiceSpec }, options: pulumi.CustomResourceOptions) {
    super(name, { apiVersion: "serving.knative.dev/v1", kind: "Service", ...args, status: undefined }, options);
  }
}

export interface ServiceSpec {
  template: {
    metadata: ObjectMeta;
    spec: k8s.types.input.core.v1.PodSpec & { containerConcurrency: number; timeoutSeconds: number };
  };
}
