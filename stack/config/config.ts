import type * as pulumi from "@pulumi/pulumi";
import { StackError } from "../stack-error.ts";
import {
  amountOf,
  DURATION,
  HTTP_URL,
  IMAGE,
  LABEL,
  NOT_EMPTY,
  OBJECT_KEY,
  oneOf,
  optional,
  QUANTITY,
  REGISTRY,
  REPOSITORY,
  VERSION,
  type Format,
} from "./formats.ts";
import { Settings } from "./reader.ts";

/** A stack's configuration, checked. Pulumi.yaml says what each key is for. */
export interface StackConfig {
  cluster: { context?: string; kubeconfig?: pulumi.Output<string> };
  knative: KnativeConfig;
  broker: BrokerConfig;
  falco: FalcoConfig;
  image: ImageConfig;
  responder: ResponderConfig;
  delivery: DeliveryConfig;
}

export interface KnativeConfig {
  install: boolean;
  version: string;
  /** Base URL or folder of the manifests; empty: the releases' own URLs. */
  manifests: string;
}

export interface BrokerConfig {
  name: string;
  namespace: string;
  class: string;
  /** ConfigMap that the Broker's class reads its settings from. */
  config?: { namespace: string; name: string };
}

export interface FalcoConfig {
  /** Name of a chart in `repository`, or a local folder. */
  chart: string;
  /** Undefined for a chart in a local folder, and so is `version`. */
  repository?: string;
  version?: string;
  namespace: string;
  driver: string;
  values: Record<string, unknown>;
}

/** A ready image, or where to push the one built here. */
export type ImageConfig = { reference: string } | BuildConfig;

export interface BuildConfig {
  registry: string;
  repository: string;
  username?: string;
  password?: pulumi.Output<string>;
  /** What it is built with, and what it runs on; undefined: the Dockerfile's own defaults. */
  buildImage?: string;
  baseImage?: string;
  platform: string;
}

export interface ResponderConfig {
  /** Paths of the rules files, merged in order. */
  rules: string[];
  protectedNamespaces: string[];
  /** Whether the responder only says what it would do. */
  dryRun: boolean;
  /** Whether Kubernetes Events tell what was done, on the object it was done to. */
  events: boolean;
  /** Within how many seconds the same rule acts once on the same pod; 0: no such window. */
  deduplicationSeconds: number;
  scale: Scale;
  resources: Resources;
  timeoutSeconds: number;
}

export interface Scale {
  /** Replicas; 0 lets the service sleep. */
  min: number;
  /** Replicas; 0 is no limit. */
  max: number;
  /** Requests at a time per replica; 0 is no limit. */
  concurrency: number;
}

/** Kubernetes quantities. */
export interface Resources {
  requests: { cpu: string; memory: string };
  limits: { cpu: string; memory: string };
}

export interface DeliveryConfig {
  retry: number;
  backoffPolicy: string;
  /** ISO 8601. */
  backoffDelay: string;
  /** ISO 8601, of each attempt. */
  timeout?: string;
  /** URL; undefined: the stack's own dead letter service. */
  deadLetterSink?: string;
}

/**
 * Reads the stack's configuration, once, and checks what the types in Pulumi.yaml can't say.
 * @throws {StackError} naming every key that can't be used, its value and what is allowed.
 */
export function readConfig(): StackConfig {
  const problems: string[] = [];
  const settings = new Settings(problems);
  const knative = new Settings(problems, "knative");
  const config = {
    cluster: readCluster(new Settings(problems, "kubernetes")),
    knative: readKnative(knative),
    broker: readBroker(settings),
    falco: readFalco(settings),
    image: readImage(settings),
    responder: readResponder(settings),
    delivery: readDelivery(settings),
  };
  if (config.falco.namespace === config.broker.namespace) {
    settings.reject("falcoNamespace", `"${config.falco.namespace}"`, "a namespace other than brokerNamespace");
  }
  knative.rejectUnknown();
  settings.rejectUnknown();
  if (problems.length > 0) {
    throw new StackError(
      `The stack's configuration can't be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
      "Change a value with `pulumi config set KEY VALUE`, or in the stack's Pulumi.STACK.yaml; Pulumi.yaml describes every key.",
    );
  }
  return config;
}

/** An explicit provider does not look at the keys the default one has; people expect them to work. */
function readCluster(settings: Settings): StackConfig["cluster"] {
  const context = settings.text("context", { allowed: "a context of the kubeconfig", accepts: () => true });
  const kubeconfig = settings.secret("kubeconfig");
  return { ...(context && { context }), ...(kubeconfig && { kubeconfig }) };
}

function readKnative(settings: Settings): KnativeConfig {
  return {
    install: settings.flag("install"),
    version: settings.text("version", VERSION),
    manifests: settings.text("manifests", {
      allowed: "empty, a base URL starting with http:// or https://, or a folder",
      accepts: (value) => !value.includes("://") || HTTP_URL.accepts(value),
    }),
  };
}

function readBroker(settings: Settings): BrokerConfig {
  const [namespace, name] = settings.text("brokerConfig", OBJECT_KEY).split("/");
  return {
    name: settings.text("brokerName", LABEL),
    namespace: settings.text("brokerNamespace", LABEL),
    class: settings.text("brokerClass", NOT_EMPTY),
    ...(namespace && name && { config: { namespace, name } }),
  };
}

function readFalco(settings: Settings): FalcoConfig {
  const chart = settings.text("falcoChart", NOT_EMPTY);
  const isFolder = chart.startsWith(".") || chart.startsWith("/");
  const repository = settings.text("falcoRepository", optional(HTTP_URL));
  const version = settings.text("falcoVersion", VERSION);
  return {
    chart,
    ...(!isFolder && { version, ...(repository && { repository }) }),
    namespace: settings.text("falcoNamespace", LABEL),
    driver: settings.text("falcoDriver", oneOf("modern_ebpf", "kmod", "auto")),
    values: settings.map("falcoValues"),
  };
}

function readImage(settings: Settings): ImageConfig {
  const reference = settings.text("responderImage", optional(IMAGE));
  const registry = settings.text("registryServer", optional(REGISTRY));
  const repository = settings.text("registryRepository", REPOSITORY);
  const username = settings.text("registryUsername", { allowed: "a user name", accepts: () => true });
  const password = settings.secret("registryPassword");
  const buildImage = settings.text("responderBuildImage", optional(IMAGE));
  const baseImage = settings.text("responderBaseImage", optional(IMAGE));
  const platform = settings.text("responderPlatform", oneOf("linux/amd64", "linux/arm64"));
  if (reference) return { reference };
  if (!registry) {
    const example = 'the registry to push the responder\'s image to, such as "localhost:5000"';
    settings.reject("registryServer", '""', `${example}; or set responderImage to a ready image, and nothing is built`);
  }
  if (username && !password)
    settings.reject("registryPassword", '""', "the password of registryUsername (set it with --secret)");
  if (password && !username) settings.reject("registryUsername", '""', "the user that registryPassword belongs to");
  return {
    registry,
    repository,
    ...(username && { username }),
    ...(password && { password }),
    ...(buildImage && { buildImage }),
    ...(baseImage && { baseImage }),
    platform,
  };
}

/**
 * Knative's own limits: config-defaults' max-revision-timeout-seconds and container-concurrency-max-limit; and for how
 * long an API server keeps Kubernetes Events where nobody has told it otherwise, which is what deduplication goes by.
 */
const MOST = { deduplicationSeconds: 3600, timeoutSeconds: 600, concurrency: 1000, replicas: 1000, retries: 1000 };

function readResponder(settings: Settings): ResponderConfig {
  const scale = {
    min: settings.integer("responderMinScale", 0, MOST.replicas),
    max: settings.integer("responderMaxScale", 0, MOST.replicas),
    concurrency: settings.integer("responderConcurrency", 0, MOST.concurrency),
  };
  if (scale.max !== 0 && scale.min > scale.max) {
    settings.reject("responderMinScale", `"${scale.min}"`, `at most responderMaxScale, which is ${scale.max}`);
  }
  return {
    rules: settings.list("responderRules", 1, NOT_EMPTY),
    protectedNamespaces: settings.list("responderProtectedNamespaces", 0, LABEL),
    dryRun: settings.flag("responderDryRun"),
    events: settings.flag("responderEvents"),
    deduplicationSeconds: settings.integer("responderDeduplicationSeconds", 0, MOST.deduplicationSeconds),
    scale,
    resources: readResources(settings),
    timeoutSeconds: settings.integer("responderTimeoutSeconds", 1, MOST.timeoutSeconds),
  };
}

function readResources(settings: Settings): Resources {
  const [cpu, memory] = ["Cpu", "Memory"].map((resource) => {
    const [requestKey, limitKey] = [`responder${resource}Request`, `responder${resource}Limit`];
    const request = settings.text(requestKey, QUANTITY);
    const limit = settings.text(limitKey, QUANTITY);
    if (amountOf(request) > amountOf(limit))
      settings.reject(requestKey, `"${request}"`, `at most ${limitKey}, which is ${limit}`);
    return { request, limit };
  }) as [Bounds, Bounds];
  return {
    requests: { cpu: cpu.request, memory: memory.request },
    limits: { cpu: cpu.limit, memory: memory.limit },
  };
}

interface Bounds {
  request: string;
  limit: string;
}

function readDelivery(settings: Settings): DeliveryConfig {
  const timeout = settings.text("deliveryTimeout", optional(nonZero(DURATION)));
  const deadLetterSink = settings.text("deliveryDeadLetterSink", optional(HTTP_URL));
  return {
    retry: settings.integer("deliveryRetry", 0, MOST.retries),
    backoffPolicy: settings.text("deliveryBackoffPolicy", oneOf("exponential", "linear")),
    backoffDelay: settings.text("deliveryBackoffDelay", DURATION),
    ...(timeout && { timeout }),
    ...(deadLetterSink && { deadLetterSink }),
  };
}

function nonZero(duration: Format): Format {
  return {
    allowed: `${duration.allowed}, longer than none`,
    accepts: (value) => duration.accepts(value) && /[1-9]/.test(value),
  };
}
