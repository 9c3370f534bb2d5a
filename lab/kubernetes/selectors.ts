import { isMap } from "../../responder/json.ts";
import type { KubernetesObject } from "./object.ts";
import type { Resource } from "./resources.ts";
import { badRequest } from "./status.ts";

type Test = (object: KubernetesObject) => boolean;

/**
 * The objects that a list's `labelSelector` and `fieldSelector` select.
 *
 * @throws StatusError 400
 */
export function selector(resource: Resource, query: URLSearchParams): Test {
  const tests = [
    ...labelTests(query.get("labelSelector") ?? ""),
    ...fieldTests(resource, query.get("fieldSelector") ?? ""),
  ];
  return (object) => tests.every((test) => test(object));
}

/** `a=b`, `a==b`, `a!=b` and `a`, joined by commas. */
function labelTests(text: string): Test[] {
  return termsOf(text).map((term) => {
    const match = /^([\w./-]+)(?:(!=|==?)([\w.-]*))?$/.exec(term.trim());
    if (!match) throw badRequest(`unable to parse requirement: ${term}`);
    const [, key = "", operator, value] = match;
    return ({ metadata: { labels = {} } }) =>
      operator === undefined ? key in labels : operator === "!=" ? labels[key] !== value : labels[key] === value;
  });
}

/** `a=b`, `a==b` and `a!=b`, joined by commas. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/ */
function fieldTests(resource: Resource, text: string): Test[] {
  const fields: Record<string, string> = {
    "metadata.name": "",
    ...(resource.namespaced && { "metadata.namespace": "" }),
    ...resource.fields,
  };
  return termsOf(text).map((term) => {
    const match = /^([^=!]+)(!=|==?)(.*)$/.exec(term);
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = "", operator, value] = match;
    const otherwise = fields[field];
    if (otherwise === undefined) {
      throw badRequest(
        resource.fields
          ? `field label not supported: ${field}`
          : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    }
    return (object) => ((valueAt(object, field) ?? otherwise) === value) === (operator !== "!=");
  });
}

function termsOf(text: string): string[] {
  return text.split(",").filter((term) => term !== "");
}

function valueAt(object: KubernetesObject, path: string): string | undefined {
  const value = path.split(".").reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), object);
  return typeof value === "string" ? value : value === undefined || value === null ? undefined : JSON.stringify(value);
}

/** Whether an object's selector, as a PodDisruptionBudget has one, selects these labels; none selects nothing. @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/ */
export function selects(labelSelector: unknown, labels: Readonly<Record<string, string>> = {}): boolean {
  if (!isMap(labelSelector)) return false;
  const { matchLabels = {}, matchExpressions = [] } = labelSelector as {
    matchLabels?: Record<string, string>;
    matchExpressions?: Expression[];
  };
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "Exists" || operator === "DoesNotExist")
        return (value !== undefined) === (operator === "Exists");
      return (value !== undefined && values.includes(value)) === (operator === "In");
    })
  );
}

interface Expression {
  key: string;
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  values?: string[];
}
