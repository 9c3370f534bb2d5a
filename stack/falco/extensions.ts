import * as pulumi from "@pulumi/pulumi";
import { ALERT_KEY_EXTENSION } from "../../responder/events.ts";
import { KEYS } from "../config/settings.ts";
import { StackError } from "../stack-error.ts";
import { isMap, type Values } from "./values.ts";

/** By which falcosidekick is told of extensions that it sends with every event, and the entry of the Secret that has them. */
export const EXTENSIONS = { variable: "CLOUDEVENTS_EXTENSIONS", entry: "extensions" };

/** Tells falcosidekick's pods of one key from those of another. */
export const KEY_ANNOTATION = "response-engine.io/alert-key";

/** What a stack's own values say of falcosidekick's environment, and the others. */
export interface Sidekick {
  /** Of its CLOUDEVENTS_EXTENSIONS, each NAME:VALUE. */
  extensions: pulumi.Output<string[]>;
  /** Its further variables; undefined where it names none. */
  env: pulumi.Output<unknown[]> | undefined;
  /** The values without these. */
  values: Values;
}

/**
 * Takes falcosidekick's environment out of a stack's own values, to be merged with the key that alerts have to carry:
 * a list of the chart's values that takes the place of another would leave the key out, and every alert be refused.
 * @throws {StackError} where that can't be
 */
export function readSidekick(values: Values): Sidekick {
  const sidekick = mapAt(values["falcosidekick"], "falcosidekick");
  if (KEY_ANNOTATION in mapAt(sidekick["podAnnotations"], "falcosidekick.podAnnotations")) {
    throw refused("falcosidekick.podAnnotations", `${KEY_ANNOTATION} is the program's own`);
  }
  const config = mapAt(sidekick["config"], "falcosidekick.config");
  const { extraEnv = [], ...others } = config;
  const path = "falcosidekick.config.extraEnv";
  if (!Array.isArray(extraEnv))
    throw refused(path, "a list is needed there, of a map with name and value for each variable");
  const env: unknown[] = extraEnv;
  const isOurs = (one: unknown): boolean => isMap(one) && one["name"] === EXTENSIONS.variable;
  const texts = env.filter(isOurs).map((one) => (isMap(one) ? one["value"] : undefined));
  const rest = env.filter((one) => !isOurs(one));
  const extensions = texts.flatMap((text) => entriesOf(text, path));
  if (!("config" in sidekick)) return { extensions: pulumi.output([]), env: undefined, values };
  return {
    extensions: pulumi.secret(extensions),
    env: rest.length > 0 ? pulumi.secret(rest) : undefined,
    values: { ...values, falcosidekick: { ...sidekick, config: others } },
  };
}

function entriesOf(text: unknown, path: string): string[] {
  if (typeof text !== "string") {
    throw refused(
      path,
      `${EXTENSIONS.variable} is taken from elsewhere, and would leave the key out: write its entries there as a value, NAME:VALUE with commas between`,
    );
  }
  const entries = text.split(",").map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [name = "", value, ...more] = entry.split(":");
      if (value === undefined || more.length > 0) {
        throw refused(
          path,
          `an entry of ${EXTENSIONS.variable} isn't NAME:VALUE, and falcosidekick would leave it out`,
        );
      }
      if (name.trim().toLowerCase() === ALERT_KEY_EXTENSION) {
        throw refused(
          path,
          `${EXTENSIONS.variable} has the key ${ALERT_KEY_EXTENSION}: name it in ${KEYS.security.alertKeys.key} instead`,
        );
      }
      return entry;
    });
}

function mapAt(value: unknown, path: string): Values {
  if (value === undefined) return {};
  if (!isMap(value))
    throw refused(path, "a map is needed there, as falcosidekick has to get the key that alerts carry");
  return value;
}

/** What is there may be a password, and isn't shown. */
function refused(path: string, reason: string): StackError {
  return new StackError(
    `${KEYS.falco.values.key}.${path}: ${reason}`,
    `Change it, or leave it out of ${KEYS.falco.values.key}.`,
  );
}
