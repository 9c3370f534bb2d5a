import type * as pulumi from "@pulumi/pulumi";
import { ALERT_KEY, FLAG, HTTP_URL, integer, list, NAMESPACE, optional, type Format } from "../../responder/formats.ts";
import { RESPONDER, type Settings } from "../../responder/settings.ts";
import {
  ADDRESS_OR_FOLDER,
  ANY,
  BROKER_CLASS,
  DURATION,
  IMAGE,
  LABEL,
  MAP,
  NOT_EMPTY,
  OBJECT_NAME,
  oneOf,
  OPEN_URL,
  OPTIONAL_OBJECT,
  PEERS,
  QUANTITY,
  REGISTRY,
  REPOSITORY,
  TIME_LIMIT,
  VERSION,
} from "./formats.ts";

/** A key of the stack's configuration, whose default and description stand in Pulumi.yaml. */
export interface Key<T = unknown> {
  /** As in Pulumi.yaml: a namespace and ":" before it where it isn't the project's. */
  key: string;
  format: Format<T>;
}

/** One whose value is encrypted in the state, whether or not it is in the configuration, and never shown. */
export interface SecretKey extends Key {
  secret: true;
}

/** Keys by what they are called where they are used, in groups. */
export interface Keys {
  readonly [name: string]: Key | Keys;
}

/** What keys are when they are read; one that is empty where it may be is not there. */
export type Read<K> = K extends SecretKey
  ? pulumi.Output<string> | undefined
  : K extends Key<infer T>
    ? T
    : { [Name in keyof K as undefined extends Read<K[Name]> ? never : Name]: Read<K[Name]> } & {
        [Name in keyof K as undefined extends Read<K[Name]> ? Name : never]?: Exclude<Read<K[Name]>, undefined>;
      };

/** `concurrency` is Knative's own limit: config-defaults' container-concurrency-max-limit. */
const MOST = { concurrency: 1000, replicas: 1000, retries: 1000 };

/** Every key, by the room that it is for. */
export const KEYS = {
  /** An explicit provider does not look at the keys the default one has; people expect them to work. */
  cluster: {
    context: key("kubernetes:context", optional(NOT_EMPTY)),
    kubeconfig: secret("kubernetes:kubeconfig"),
  },
  knative: {
    install: key("knative:install", FLAG),
    version: key("knative:version", VERSION),
    manifests: key("knative:manifests", ADDRESS_OR_FOLDER),
    checkCluster: key("knative:checkCluster", FLAG),
  },
  broker: {
    name: key("brokerName", LABEL),
    namespace: key("brokerNamespace", NAMESPACE),
    class: key("brokerClass", BROKER_CLASS),
    config: key("brokerConfig", OPTIONAL_OBJECT),
  },
  falco: {
    chart: key("falcoChart", NOT_EMPTY),
    repository: key("falcoRepository", optional(HTTP_URL)),
    version: key("falcoVersion", VERSION),
    namespace: key("falcoNamespace", NAMESPACE),
    driver: key("falcoDriver", oneOf("modern_ebpf", "kmod", "auto")),
    values: key("falcoValues", MAP),
  },
  security: {
    /** JSON, a list of which the first is sent; undefined: one that the stack makes. */
    alertKeys: secret("alertKeys", list(ALERT_KEY)),
    networkPolicies: key("networkPolicies", FLAG),
    networkPolicyPeers: key("networkPolicyPeers", PEERS),
  },
  image: {
    reference: key("responderImage", optional(IMAGE)),
    registry: key("registryServer", optional(REGISTRY)),
    repository: key("registryRepository", REPOSITORY),
    username: key("registryUsername", optional(ANY)),
    password: secret("registryPassword"),
    pullSecrets: key("imagePullSecrets", list(OBJECT_NAME)),
    buildImage: key("responderBuildImage", optional(IMAGE)),
    baseImage: key("responderBaseImage", optional(IMAGE)),
    platform: key("responderPlatform", oneOf("linux/amd64", "linux/arm64")),
  },
  responder: {
    rules: key("responderRules", list(NOT_EMPTY, 1)),
    /** Beside those that always are. */
    protectedNamespaces: key("responderProtectedNamespaces", list(NAMESPACE)),
    /** What the responder itself is told, by its environment. */
    settings: keysOf(RESPONDER),
    scale: {
      min: key("responderMinScale", integer(0, MOST.replicas)),
      max: key("responderMaxScale", integer(0, MOST.replicas)),
      concurrency: key("responderConcurrency", integer(0, MOST.concurrency)),
    },
    resources: {
      requests: { cpu: key("responderCpuRequest", QUANTITY), memory: key("responderMemoryRequest", QUANTITY) },
      limits: { cpu: key("responderCpuLimit", QUANTITY), memory: key("responderMemoryLimit", QUANTITY) },
    },
  },
  delivery: {
    retry: key("deliveryRetry", integer(0, MOST.retries)),
    backoffPolicy: key("deliveryBackoffPolicy", oneOf("exponential", "linear")),
    backoffDelay: key("deliveryBackoffDelay", DURATION),
    timeout: key("deliveryTimeout", optional(TIME_LIMIT)),
    deadLetterSink: key("deliveryDeadLetterSink", optional(OPEN_URL)),
  },
} as const satisfies Record<string, Keys>;

type KeysOf<S> = { readonly [Name in keyof S as S[Name] extends Key ? Name : never]: S[Name] };

/** Those of the responder's settings that a stack's configuration gives. */
export function keysOf<S extends Settings>(settings: S): KeysOf<S> {
  return Object.fromEntries(Object.entries(settings).filter(([, setting]) => setting.key !== undefined)) as KeysOf<S>;
}

/** Whether it is one key, not a group. */
export function isKey(value: Key | Keys): value is Key {
  return typeof value["key"] === "string";
}

function key<T>(name: string, format: Format<T>): Key<T> {
  return { key: name, format };
}

function secret(name: string, format: Format<unknown> = optional(ANY)): SecretKey {
  return { ...key(name, format), secret: true };
}
