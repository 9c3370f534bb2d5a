import type { BrokerEvent } from "./event.ts";

/** One filter of a Trigger's `filters`. @see https://knative.dev/docs/eventing/triggers/#new-trigger-filters */
export interface SubscriptionsFilter {
  exact?: Record<string, string>;
  prefix?: Record<string, string>;
  suffix?: Record<string, string>;
  all?: readonly SubscriptionsFilter[];
  any?: readonly SubscriptionsFilter[];
  not?: SubscriptionsFilter;
  cesql?: string;
}

/** The part of a Trigger's spec that says which events it wants. */
export interface TriggerFilters {
  filter?: { attributes?: Record<string, string> };
  filters?: readonly SubscriptionsFilter[];
}

/** A Trigger asks for a filter that can't be carried out. */
export class FilterError extends Error {}

/** An expression with nothing to compare has no opinion: it lets an event through, negated or not. */
type Result = "pass" | "fail" | "none";
type Test = (event: BrokerEvent) => Result;

const DIALECTS = ["exact", "prefix", "suffix", "all", "any", "not"];

/**
 * Whether a Trigger wants an event, as Knative decides it: `filters` where there are any, else `filter`, else all.
 *
 * @see https://github.com/knative/eventing/tree/main/pkg/eventfilter/subscriptionsapi
 * @throws FilterError for a dialect that isn't known, `cesql` included, or for an expression Knative's webhook refuses
 */
export function compileFilters({ filter, filters }: TriggerFilters): (event: BrokerEvent) => boolean {
  const test = filters && filters.length > 0 ? all(filters.map(compile)) : legacy(filter?.attributes);
  return (event) => test(event) !== "fail";
}

function compile(filter: SubscriptionsFilter): Test {
  const dialects = Object.keys(filter);
  const unknown = dialects.find((dialect) => !DIALECTS.includes(dialect));
  if (unknown === "cesql")
    throw new FilterError(
      "a filter in the dialect cesql can't be carried out by the lab; use exact, prefix, suffix, all, any, not",
    );
  if (unknown !== undefined)
    throw new FilterError(`${unknown} is no dialect of a filter; there are ${DIALECTS.join(", ")}`);
  if (dialects.length > 1) throw new FilterError(`a filter has one dialect, not ${dialects.join(" and ")}`);
  if (filter.exact) return compare("exact", filter.exact, (value, wanted) => value === wanted);
  if (filter.prefix) return compare("prefix", filter.prefix, (value, wanted) => value.startsWith(wanted));
  if (filter.suffix) return compare("suffix", filter.suffix, (value, wanted) => value.endsWith(wanted));
  if (filter.all) return all(nested("all", filter.all));
  if (filter.any) return any(nested("any", filter.any));
  if (filter.not) return not(compile(filter.not));
  return () => "none";
}

function nested(dialect: string, filters: readonly SubscriptionsFilter[]): Test[] {
  if (filters.length === 0) throw new FilterError(`${dialect} needs at least one filter`);
  return filters.map(compile);
}

function compare(
  dialect: string,
  wanted: Record<string, string>,
  holds: (value: string, wanted: string) => boolean,
): Test {
  const entries = Object.entries(wanted);
  if (entries.length === 0) throw new FilterError(`${dialect} needs an attribute`);
  for (const [name, value] of entries) {
    if (name === "" || value === "") throw new FilterError(`${dialect} takes no empty attribute or value`);
    if (!/^[a-z0-9]+$/.test(name))
      throw new FilterError(`${dialect}: ${name} is no name of an attribute (lower-case letters and digits)`);
  }
  return (event) =>
    entries.every(([name, value]) => {
      const has = attribute(event, name);
      return has !== undefined && holds(has, value);
    })
      ? "pass"
      : "fail";
}

function all(tests: readonly Test[]): Test {
  return (event) => {
    let result: Result = "none";
    for (const test of tests) {
      result = test(event);
      if (result === "fail") return "fail";
    }
    return result;
  };
}

function any(tests: readonly Test[]): Test {
  return (event) => {
    let result: Result = "none";
    for (const test of tests) {
      result = test(event);
      if (result === "pass") return "pass";
    }
    return result;
  };
}

function not(test: Test): Test {
  return (event) => (({ pass: "fail", fail: "pass", none: "none" }) as const)[test(event)];
}

/** The older form: every attribute must be equal; an empty value asks only that it be there. */
function legacy(attributes: Record<string, string> | undefined): Test {
  if (!attributes) return () => "none";
  return (event) =>
    Object.entries(attributes).every(([name, wanted]) => {
      const value = attribute(event, name);
      return wanted === "" ? value !== undefined && value !== "" : value === wanted;
    })
      ? "pass"
      : "fail";
}

/** Optional context attributes that aren't there are empty to Knative; extensions are missing. */
function attribute({ attributes }: BrokerEvent, name: string): string | undefined {
  if (name === "datamediatype") return attributes["datacontenttype"]?.split(";")[0]?.trim() ?? "";
  const value = attributes[name === "schemaurl" ? "dataschema" : name];
  return value ?? (["subject", "dataschema", "schemaurl", "datacontenttype"].includes(name) ? "" : undefined);
}
