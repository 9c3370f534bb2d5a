import type { IncomingMessage } from "node:http";
import type { Json, KubernetesObject } from "./object.ts";
import { notAcceptable, notAvailable } from "./status.ts";

const PARTIAL = "PartialObjectMetadata";

/** How what is answered is to look. */
export interface Form {
  /** An object's metadata is all that is wanted of it. */
  metadataOnly: boolean;
}

const TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const WATCHED = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

/**
 * The form that a request asks for with its Accept header: the first that there is, by its weight. JSON is all that is
 * written here; the real server has YAML and protobuf besides. Like the real one it looks twice: first whether what is
 * asked for is among what can be had there, by its name alone, and then as what.
 *
 * @param of a pod's log can be had as text; but who takes no object as well is refused all the same
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
 * @throws StatusError 406
 */
export function formOf(
  { headers: { accept = "" } }: Pick<IncomingMessage, "headers">,
  of: "object" | "list" | "log",
): Form {
  const clauses = accept
    .split(",")
    .map(clauseOf)
    .filter(({ type }) => type !== "");
  if (clauses.length === 0) return { metadataOnly: false };
  const there = { object: TYPES, list: [...TYPES, ...WATCHED], log: ["text/plain", ...TYPES] }[of];
  if (!clauses.some(({ type }) => type === "*/*" || there.includes(type))) throw notAvailable(there);
  for (const { type, parameters } of clauses.toSorted((a, b) => b.weight - a.weight)) {
    if (!["application/json", "application/*", "*/*"].includes(type)) continue;
    const as = parameters.get("as");
    if (as === undefined) return { metadataOnly: false };
    if (as === PARTIAL && parameters.get("g") === "meta.k8s.io" && parameters.get("v") === "v1")
      return { metadataOnly: true };
  }
  throw notAcceptable(TYPES);
}

interface Clause {
  type: string;
  parameters: ReadonlyMap<string, string>;
  /** 0 to 1. */
  weight: number;
}

function clauseOf(text: string): Clause {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map(rest.map((part) => part.split("=", 2) as [string, string]));
  return { type, parameters, weight: Number(parameters.get("q") ?? 1) };
}

/** What of an object is answered to who wants its metadata alone. */
export function metadataOf({ metadata }: KubernetesObject): Json {
  return { kind: PARTIAL, apiVersion: "meta.k8s.io/v1", metadata };
}
