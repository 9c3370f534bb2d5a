import type * as pulumi from "@pulumi/pulumi";
import { environmentOf } from "../../responder/environment.ts";
import { LISTENING } from "../../responder/settings.ts";
import type { ResponderConfig } from "../config/config.ts";
import { Service, type Destination } from "../knative/custom-resources.ts";

const PORT = LISTENING.port.default;
/** Not the program's own default: in a Knative pod that port is the queue proxy's. */
const METRICS_PORT = 9095;

/**
 * A Knative Service that runs the responder's image: reachable inside the cluster only, and a pod that the
 * restricted Pod Security Standard admits.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export class PrivateService extends Service {
  constructor(name: string, args: PrivateServiceArgs, options: pulumi.CustomResourceOptions) {
    const { serviceName, namespace, scale } = args;
    const labels = labelsOf(serviceName);
    super(
      name,
      {
        metadata: {
          name: serviceName,
          namespace,
          labels: { ...labels, "networking.knative.dev/visibility": "cluster-local" },
          annotations: { "pulumi.com/waitFor": "condition=Ready" },
        },
        spec: {
          template: {
            metadata: {
              labels,
              annotations: {
                ...(args.secrets && { "response-engine.io/secrets": args.secrets.fingerprint }),
                "autoscaling.knative.dev/min-scale": String(scale.min),
                "autoscaling.knative.dev/max-scale": String(scale.max),
                "prometheus.io/scrape": "true",
                "prometheus.io/port": String(METRICS_PORT),
                "prometheus.io/path": "/metrics",
              },
            },
            spec: podOf(args),
          },
        },
      },
      // A Revision that has failed for good is never reported as such: don't wait the default ten minutes.
      { ...options, customTimeouts: { create: "3m", update: "3m" } },
    );
  }
}

function podOf(args: PrivateServiceArgs) {
  const { pullSecrets, serviceAccount, callsKubernetes, scale, timeoutSeconds } = args;
  return {
    serviceAccountName: serviceAccount,
    ...(callsKubernetes ? {} : { automountServiceAccountToken: false }),
    ...(pullSecrets?.length && { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    containerConcurrency: scale.concurrency,
    timeoutSeconds,
    containers: [containerOf(args)],
    ...volumesOf(args),
  };
}

function volumesOf({ files, secrets }: PrivateServiceArgs) {
  const volumes = [
    ...(files ? [{ name: "files", configMap: { name: files.configMap } }] : []),
    ...(secrets ? [{ name: "secrets", secret: { secretName: secrets.secretName } }] : []),
  ];
  return volumes.length > 0 ? { volumes } : {};
}

function mountsOf({ files, secrets }: PrivateServiceArgs) {
  const volumeMounts = [
    ...(files ? [{ name: "files", mountPath: files.folder, readOnly: true }] : []),
    ...(secrets ? [{ name: "secrets", mountPath: secrets.folder, readOnly: true }] : []),
  ];
  return volumeMounts.length > 0 ? { volumeMounts } : {};
}

function containerOf(args: PrivateServiceArgs) {
  const { serviceName, image, command, env, resources } = args;
  const environment = { ...env, ...environmentOf(LISTENING, { metricsPort: METRICS_PORT }) };
  return {
    name: serviceName,
    image,
    ...(command && { args: [command] }),
    ports: [{ name: "http1", containerPort: PORT }],
    env: Object.entries(environment).map(([name, value]) => ({ name, value })),
    resources,
    readinessProbe: { httpGet: { path: "/readyz", port: PORT } },
    livenessProbe: { httpGet: { path: "/healthz", port: PORT } },
    // Of the container, since Knative refuses a pod's unless the cluster has turned that feature on.
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...mountsOf(args),
  };
}

/** What all objects of one service are labelled with. */
export function labelsOf(serviceName: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": serviceName,
    "app.kubernetes.io/part-of": "response-engine",
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

/** The service as a receiver of events. */
export function destinationOf({ metadata }: Service): Destination {
  const { namespace, name } = metadata;
  return { ref: { apiVersion: "serving.knative.dev/v1", kind: "Service", namespace, name } };
}

/** What both services of the stack have in common. */
export interface ServiceBase {
  namespace: pulumi.Input<string>;
  image: pulumi.Input<string>;
  /** Secrets the image is pulled with; undefined: none is needed. */
  pullSecrets?: readonly pulumi.Input<string>[];
  resources: ResponderConfig["resources"];
  /** After how long a request that got no answer is given up. */
  timeoutSeconds: number;
}

export interface PrivateServiceArgs extends ServiceBase {
  serviceName: string;
  serviceAccount: pulumi.Input<string>;
  /** Whether the pod gets the ServiceAccount's token. */
  callsKubernetes: boolean;
  scale: ResponderConfig["scale"];
  /** What the image is to be; undefined: the responder. */
  command?: string;
  env: Record<string, pulumi.Input<string>>;
  /** A ConfigMap to be read as files of a folder; undefined: none. */
  files?: { configMap: pulumi.Input<string>; folder: string };
  /** A Secret to be read as files of a folder; another fingerprint is another Revision. Undefined: none. */
  secrets?: { secretName: pulumi.Input<string>; fingerprint: pulumi.Input<string>; folder: string };
}
