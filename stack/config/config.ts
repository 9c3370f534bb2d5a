import { StackError } from "../stack-error.ts";
import { CHECKS } from "./checks.ts";
import { Reader } from "./reader.ts";
import { KEYS, type Read } from "./settings.ts";

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

/** A ready image, or where to push the one built here. */
export type ImageConfig = { reference: string } | BuildConfig;

/** `buildImage` and `baseImage` are undefined where the Dockerfile's own defaults do. */
export type BuildConfig = Omit<Config["image"], "reference" | "registry"> & { registry: string };

/**
 * Reads the stack's configuration, once, and checks what the types in Pulumi.yaml can't say.
 * @throws {StackError} naming every key that can't be used, its value and what is allowed.
 */
export function readConfig(): StackConfig {
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
  return { ...config, falco: falcoOf(config.falco), image: imageOf(config.image) };
}

function falcoOf(falco: Config["falco"]): FalcoConfig {
  const { version, repository, ...rest } = falco;
  const isFolder = rest.chart.startsWith(".") || rest.chart.startsWith("/");
  return isFolder ? rest : { ...rest, version, ...(repository !== undefined && { repository }) };
}

function imageOf({ reference, registry = "", ...build }: Config["image"]): ImageConfig {
  return reference === undefined ? { ...build, registry } : { reference };
}
