import { actionner as declare, type Actionner } from "../actionner.ts";
import type { Parameter } from "../parameters.ts";
import { isLabelKey } from "../../names.ts";
import { patchNode, patchPod } from "./patch.ts";

interface Parameters {
  level: "pod" | "node";
  /** null removes. */
  changes: Readonly<Record<string, string | null>>;
}

interface Kind {
  actionner: string;
  /** The field of `metadata`, and the parameter's name. */
  field: "labels" | "annotations";
  /** What a value may be. */
  value: RegExp;
  allowed: string;
  example: string;
}

/** The actionner that sets one kind of metadata on the pod, or on its node. */
export function metadataActionner({ actionner, field, value, allowed, example }: Kind): Actionner {
  return declare<Record<string, unknown> & Pick<Parameters, "level">>({
    name: actionner,
    description: `Adds, changes or removes ${field} of the pod that raised the alert, or of its node`,
    continue: true,
    repeatable: true,
    disrupts: 0,
    givesOutput: false,
    parameters: {
      [field]: changes(field, value, allowed),
      level: {
        description: `Whose ${field}`,
        allowed: "pod or node",
        schema: { enum: ["pod", "node"] },
        default: "pod",
        parse: (level) => (level === "pod" || level === "node" ? level : undefined),
      },
    },
    targets: ["pod", "node"],
    target: ({ level }) => level,
    permissions: ({ level }) =>
      level === "pod"
        ? [{ apiGroup: "", resource: "pods", verbs: ["get", "patch"] }]
        : [
            { apiGroup: "", resource: "pods", verbs: ["get"] },
            { apiGroup: "", resource: "nodes", verbs: ["get", "patch"] },
          ],
    example,
    run: async (occasion, parameters) => {
      const wanted = parameters[field] as Parameters["changes"];
      const patch = { metadata: { [field]: wanted } };
      const done = Object.entries(wanted).map(([key, text]) => (text === null ? `lost ${key}` : `got ${key}=${text}`));
      const said = `${field}: ${done.join(", ")}`;
      const { pod } = occasion.alert.named;
      if (parameters.level === "node" || !pod) return await patchNode(occasion, patch, said);
      return await patchPod({ ...occasion, pod }, patch, said);
    },
  });
}

function changes(field: string, value: RegExp, allowed: string): Parameter<Parameters["changes"]> {
  return {
    description: `The ${field} to set; an empty value removes one`,
    allowed: `at least one "KEY: VALUE"; ${allowed}`,
    schema: {
      type: "object",
      minProperties: 1,
      additionalProperties: { type: ["string", "number", "boolean", "null"] },
    },
    default: {},
    required: true,
    parse: (given) => {
      if (typeof given !== "object" || given === null || Array.isArray(given)) return undefined;
      const entries = Object.entries(given as Record<string, unknown>).map(([key, text]) => {
        const written = textOf(text);
        return isLabelKey(key) && written !== undefined && value.test(written) ? [key, written || null] : undefined;
      });
      if (entries.length === 0 || !entries.every((entry) => entry !== undefined)) return undefined;
      return Object.fromEntries(entries) as Parameters["changes"];
    },
  };
}

/** YAML reads `true` and `1` as what they are; metadata holds texts. */
function textOf(value: unknown): string | undefined {
  if (value === null) return "";
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
