import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ALERT_KEY_EXTENSION } from "../../responder/events.ts";
import type { FalcoConfig } from "../config/config.ts";
import { ensureNamespace } from "../namespace.ts";
import { fingerprintOf } from "../key/fingerprint.ts";
import { EXTENSIONS, KEY_ANNOTATION, readSidekick } from "./extensions.ts";
import { isMap, type Values } from "./values.ts";

const UI_VERSION = "2.3.0";

/** Falco on every node, and falcosidekick with its UI, which sends the alerts on as CloudEvents. */
export class Falco extends pulumi.ComponentResource {
  readonly release: k8s.helm.v3.Release;
  readonly namespace: pulumi.Output<string>;
  /** Where falcosidekick takes alerts, inside the cluster. */
  readonly sidekickUrl: pulumi.Output<string>;
  /** The command that brings falcosidekick's UI to http://localhost:2802. */
  readonly uiCommand: pulumi.Output<string>;

  constructor(name: string, args: FalcoArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:Falco", name, {}, options);
    // Falco reads the kernel's events, which no stricter standard admits.
    const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
    const namespace = ensureNamespace(`${name}-namespace`, args.namespace, labels, { parent: this });
    this.namespace = namespace;
    const { extensions, env, values } = readSidekick(args.values);
    const sent = pulumi.all([args.alertKey, extensions]).apply(([key, theirs]) => extensionsText(key, theirs));
    const secret = new k8s.core.v1.Secret(
      `${name}-alert-key`,
      {
        metadata: { name: "falcosidekick-alert-key", namespace, labels: PART },
        data: { [EXTENSIONS.entry]: sent.apply((text) => Buffer.from(text).toString("base64")) },
      },
      { parent: this },
    );
    const key = { secretName: secret.metadata.name, fingerprint: sent.apply(fingerprintOf) };
    this.release = new k8s.helm.v3.Release(
      `${name}-release`,
      {
        name: "falco",
        namespace,
        chart: args.chart,
        ...(args.version && { version: args.version }),
        ...(args.repository && { repositoryOpts: { repo: addressOf(args.repository) } }),
        values: merge(chartValues(args, keyValues(key, env)), values),
        timeout: 600,
      },
      { parent: this, dependsOn: [secret] },
    );
    const { name: releaseName } = this.release;
    this.sidekickUrl = pulumi.interpolate`http://${releaseName}-falcosidekick.${namespace}.svc.cluster.local:2801/`;
    this.uiCommand = pulumi.interpolate`kubectl --namespace ${namespace} port-forward service/${releaseName}-falcosidekick-ui 2802`;
    this.registerOutputs({ sidekickUrl: this.sidekickUrl, uiCommand: this.uiCommand });
  }
}

export interface FalcoArgs extends FalcoConfig {
  /** Where falcosidekick posts alerts to: the Broker. */
  brokerUrl: pulumi.Input<string>;
  /** What falcosidekick sends with every alert, by which the responder knows it. */
  alertKey: pulumi.Input<string>;
}

const PART = { "app.kubernetes.io/part-of": "response-engine", "app.kubernetes.io/managed-by": "pulumi" };

/** falcosidekick's own syntax: NAME:VALUE, with commas between. */
function extensionsText(key: string, theirs: readonly string[]): string {
  return [...theirs, `${ALERT_KEY_EXTENSION}:${key}`].join(",");
}

/** The chart's values by which falcosidekick gets the key, and starts again when it is another. */
interface Keyed {
  extraEnv: pulumi.Input<unknown>;
  podAnnotations: Record<string, pulumi.Input<string>>;
}

function keyValues(
  { secretName, fingerprint }: { secretName: pulumi.Output<string>; fingerprint: pulumi.Output<string> },
  env: pulumi.Output<unknown[]> | undefined,
): Keyed {
  const own = { name: EXTENSIONS.variable, valueFrom: { secretKeyRef: { name: secretName, key: EXTENSIONS.entry } } };
  return {
    extraEnv: env ? pulumi.all([env, own]).apply(([theirs, ours]) => [...theirs, ours]) : [own],
    podAnnotations: { [KEY_ANNOTATION]: pulumi.unsecret(fingerprint) },
  };
}

/** A secret where it holds a password. */
function addressOf(repository: string): pulumi.Input<string> {
  return new URL(repository).password === "" ? repository : pulumi.secret(repository);
}

/** @see https://github.com/falcosecurity/charts/blob/master/charts/falco/values.yaml */
function chartValues({ driver, brokerUrl }: FalcoArgs, keyed: Keyed): Values {
  return {
    driver: { kind: driver },
    falco: {
      json_output: true,
      // The chart's list, which ours replaces, and the pod's UID: the responder answers no other pod than that. Only
      // system calls have one; Falco refuses the rules of another source that are to say it, and ends.
      append_output: [{ suggested_output: true }, { match: { source: "syscall" }, extra_fields: ["k8s.pod.uid"] }],
    },
    falcosidekick: {
      enabled: true,
      config: { cloudevents: { address: brokerUrl }, extraEnv: keyed.extraEnv },
      podAnnotations: keyed.podAnnotations,
      webui: {
        enabled: true,
        // The chart's own, 2.2.0, breaks off over alerts with tags and lists no events.
        // @see https://github.com/falcosecurity/falcosidekick-ui/issues/144, mended by fba1b77, which 2.3.0 has
        image: { tag: UI_VERSION },
        // A disk would have to be claimed, and the release wait in vain where nothing gives one by default.
        redis: { storageEnabled: false },
      },
    },
  };
}

/**
 * `theirs` over `ours`: maps key by key, anything else whole. Helm values are where passwords go, and Pulumi
 * doesn't tell a program which of them were encrypted: so each of theirs is kept as a secret.
 */
function merge(ours: Values, theirs: Values): Values {
  const merged = { ...ours };
  for (const [key, value] of Object.entries(theirs)) {
    const own = merged[key];
    merged[key] = isMap(value) ? merge(isMap(own) ? own : {}, value) : pulumi.secret(value);
  }
  return merged;
}
