import type { BrokerObject, TriggerObject } from "../broker/objects.ts";
import { isRbacObject } from "../kubernetes/authorizer.ts";
import type { RbacObject } from "../kubernetes/authorizer.ts";
import { isMap } from "../../responder/json.ts";
import type { Program } from "./evaluate.ts";

/** A KService's container, as the program describes it. */
export interface ServiceObject {
  name: string;
  namespace: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Files by the folder they are mounted at. */
  mounts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Undefined where the pod gets no token. */
  serviceAccount: string | undefined;
}

/** What of the program the lab carries out. */
export interface LabObjects {
  brokers: BrokerObject[];
  triggers: TriggerObject[];
  rbac: RbacObject[];
  services: ServiceObject[];
  /** Where the program tells falcosidekick to post alerts to. */
  falcosidekickTarget: URL;
  /** falcosidekick's address in the cluster. */
  falcosidekickOrigin: string;
  /** What the program has falcosidekick add to every CloudEvent. */
  falcosidekickExtensions: Readonly<Record<string, string>>;
}

interface ServiceSpec {
  metadata: { name: string; namespace?: string };
  spec: {
    template: {
      spec: {
        serviceAccountName?: string;
        automountServiceAccountToken?: boolean;
        containers: {
          args?: string[];
          env?: { name: string; value?: string }[];
          volumeMounts?: { name: string; mountPath: string }[];
        }[];
        volumes?: { name: string; configMap?: { name: string }; secret?: { secretName: string } }[];
      };
    };
  };
}

interface ConfigMap {
  metadata: { name: string };
  data?: Record<string, string>;
}

interface Secret {
  metadata: { name: string; namespace?: string };
  /** In base64. */
  data?: Record<string, string>;
}

interface Release {
  name: string;
  namespace: string;
  values?: unknown;
}

/**
 * Picks from the evaluated program what the lab carries out.
 *
 * @throws Error naming the resource for what the lab can't stand in for
 */
export function labObjects(program: Program): LabObjects {
  const ofKind = (suffix: string): unknown[] =>
    program.resources
      .filter(({ type }) => type.startsWith("kubernetes:") && type.endsWith(suffix))
      .map(({ inputs }) => inputs);
  const configMaps = ofKind(":ConfigMap") as ConfigMap[];
  const secrets = ofKind("core/v1:Secret") as Secret[];
  const services = (ofKind("serving.knative.dev/v1:Service") as ServiceSpec[]).map((service) =>
    readService(service, configMaps, secrets),
  );
  const release = program.resources.find(({ type }) => type === "kubernetes:helm.sh/v3:Release")?.inputs as
    Release | undefined;
  if (!release) throw new Error("the program installs no Falco: it has no helm.sh/v3:Release");
  return {
    brokers: ofKind(":Broker") as BrokerObject[],
    triggers: ofKind(":Trigger") as TriggerObject[],
    rbac: program.resources.map(({ inputs }) => inputs).filter(isRbacObject),
    services,
    falcosidekickTarget: falcosidekickTarget(release),
    falcosidekickExtensions: extensionsOf(release, secrets),
    falcosidekickOrigin: `http://${release.name}-falcosidekick.${release.namespace}.svc.cluster.local:2801`,
  };
}

function readService(
  { metadata, spec }: ServiceSpec,
  configMaps: readonly ConfigMap[],
  secrets: readonly Secret[],
): ServiceObject {
  const pod = spec.template.spec;
  const where = `Service ${metadata.name}`;
  const [container] = pod.containers;
  if (!container) throw new Error(`${where} has no container`);
  const env = (container.env ?? []).map(({ name, value }) => {
    if (value === undefined)
      throw new Error(`${where}: the lab can't fill in ${name}, which takes its value from elsewhere`);
    return [name, value] as const;
  });
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath }) => {
    const volume = pod.volumes?.find((one) => one.name === name);
    const secret = secrets.find((one) => one.metadata.name === volume?.secret?.secretName);
    const configMap = configMaps.find((one) => one.metadata.name === volume?.configMap?.name);
    const files = secret ? decoded(secret) : configMap?.data;
    if (!files) throw new Error(`${where}: the lab knows no ConfigMap or Secret for the volume ${name}`);
    return [mountPath, files] as const;
  });
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "default",
    args: container.args ?? [],
    env: Object.fromEntries(env),
    mounts: Object.fromEntries(mounts),
    serviceAccount: pod.automountServiceAccountToken === false ? undefined : (pod.serviceAccountName ?? "default"),
  };
}

function decoded({ data = {} }: Secret): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString("utf8")]),
  );
}

interface Variable {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef: { name: string; key: string } };
}

/** What falcosidekick reads in its environment, as it reads it: of an entry that isn't NAME:VALUE nothing. */
function extensionsOf({ values, namespace }: Release, secrets: readonly Secret[]): Record<string, string> {
  const variables = (at(values, "falcosidekick", "config", "extraEnv") ?? []) as Variable[];
  const { value, valueFrom } = variables.findLast(({ name }) => name === "CLOUDEVENTS_EXTENSIONS") ?? {};
  const from = valueFrom?.secretKeyRef;
  const secret = secrets.find(({ metadata }) => metadata.name === from?.name && metadata.namespace === namespace);
  const text = (secret && from ? decoded(secret)[from.key] : value) ?? "";
  const entries = text.split(",").map((entry) => entry.split(":"));
  return Object.fromEntries(entries.filter(({ length }) => length === 2) as [string, string][]);
}

function at(value: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (isMap(inner) ? inner[key] : undefined), value);
}

function falcosidekickTarget({ values }: Release): URL {
  const address = at(values, "falcosidekick", "config", "cloudevents", "address");
  if (typeof address !== "string" || !URL.canParse(address)) {
    throw new Error(
      `the Falco release doesn't tell falcosidekick where the Broker is: falcosidekick.config.cloudevents.address is ${JSON.stringify(address)}`,
    );
  }
  return new URL(address);
}
