import { StackError } from "../stack-error.ts";
import { onScreen, type Warn } from "../warn.ts";
import { CHECKS } from "./checks.ts";
import { Reader } from "./reader.ts";
import { KEYS, type Read } from "./settings.ts";
import { warningsOf } from "./warnings.ts";

type Config = Read<typeof KEYS>;

/** A stack's configuration, checked. Pulumi.yaml says what each key is for. */
export interface StackConfig extends Omit<Config, "falco" | "image"> {
  falco: FalcoConfig;
  image: ImageConfig;
}

export type KnativeConfig = Config["knative"];
export type BrokerConfig = Config["broker"];
export type ResponderConfig = Config["responder"];
export type DeliveryConfig = Config["delivery"];

/** `repository` and `version` are undefined for a chart in a local folder. */
export type FalcoConfig = Omit<Config["falco"], "version"> & { version?: string };

/** A ready image, or where to push the one built here; `registry` is that of either. */
export type ImageConfig = ReadyConfig | BuildConfig;

type ReadyConfig = { reference: string } & Pick<Config["image"], "registry" | "username" | "password"> & Pulled;

/** `buildImage` and `baseImage` are undefined where the Dockerfile's own defaults do. */
export type BuildConfig = Omit<Config["image"], "reference" | "registry" | "pullSecrets"> & {
  registry: string;
} & Pulled;

interface Pulled {
  /** Names of Secrets that are there; none: what `username` and `password` make. */
  pullSecrets?: readonly string[];
}

/**
 * Reads the stack's configuration, once, checks what the types in Pulumi.yaml can't say, and warns of what can be used
 * and may disappoint.
 * @param warn is told each warning
 * @throws {StackError} naming every key that can't be used, its value and what is allowed.
 */
export function readConfig(warn: Warn = onScreen): StackConfig {
  const reader = new Reader();
  const config = reader.read(KEYS);
  reader.check(CHECKS, config);
  reader.rejectUnknown("knative");
  reader.rejectUnknown();
  if (reader.problems.length > 0) {
    throw new StackError(
      `The stack's configuration can't be used:\n${reader.problems.map((problem) => `  ${problem}`).join("\n")}`,
      "Change a value with `pulumi config set KEY VALUE`, or in the stack's Pulumi.STACK.yaml; Pulumi.yaml describes every key.",
    );
  }
  warningsOf(config).forEach(warn);
  return { ...config, falco: falcoOf(config.falco), image: imageOf(config.image) };
}

function falcoOf(falco: Config["falco"]): FalcoConfig {
  const { version, repository, ...rest } = falco;
  const isFolder = rest.chart.startsWith(".") || rest.chart.startsWith("/");
  return isFolder ? rest : { ...rest, version, ...(repository !== undefined && { repository }) };
}

function imageOf({ reference, ...image }: Config["image"]): ImageConfig {
  const { registry, username, password, pullSecrets } = image;
  if (reference === undefined) return { ...image, registry: registry ?? "" };
  return {
    reference,
    pullSecrets,
    ...(registry !== undefined && { registry }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
}
