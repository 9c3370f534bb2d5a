import assert from "node:assert/strict";
import { compileFilters, FilterError } from "../../../lab/broker/filters.ts";
import type { SubscriptionsFilter, TriggerFilters } from "../../../lab/broker/filters.ts";

const EVENT = {
  attributes: {
    specversion: "1.0",
    id: "1",
    type: "falco.rule.output.v1",
    source: "https://falco.org",
    datacontenttype: "application/json; charset=utf-8",
    rule: "Terminal shell in container",
    priority: "Notice",
  },
  data: Buffer.alloc(0),
};
const wants = (filters: TriggerFilters): boolean => compileFilters(filters)(EVENT);

describe("Trigger filters", () => {
  describe("in the dialects of filters", () => {
    const type: SubscriptionsFilter = { exact: { type: "falco.rule.output.v1" } };
    const other: SubscriptionsFilter = { exact: { type: "other" } };
    const table: [text: string, filters: SubscriptionsFilter[], wanted: boolean][] = [
      ["exact: the same value", [type], true],
      ["exact: another value", [other], false],
      ["exact: a value in other case", [{ exact: { priority: "notice" } }], false],
      ["exact: a value with spaces", [{ exact: { rule: "Terminal shell in container" } }], true],
      ["exact: an extension that isn't there", [{ exact: { eventsource: "syscall" } }], false],
      ["exact: all of several attributes", [{ exact: { type: "falco.rule.output.v1", priority: "Notice" } }], true],
      ["exact: not all of several attributes", [{ exact: { type: "falco.rule.output.v1", priority: "Error" } }], false],
      ["prefix", [{ prefix: { rule: "Terminal" } }], true],
      ["prefix that is only within", [{ prefix: { rule: "shell" } }], false],
      ["suffix", [{ suffix: { source: "falco.org" } }], true],
      ["suffix that is only within", [{ suffix: { source: "falco" } }], false],
      ["several filters: all must hold", [type, { prefix: { rule: "Terminal" } }], true],
      ["several filters: one doesn't", [type, other], false],
      ["all", [{ all: [type, other] }], false],
      ["any", [{ any: [other, type] }], true],
      ["any: none", [{ any: [other, other] }], false],
      ["any of one", [{ any: [type] }], true],
      ["not", [{ not: other }], true],
      ["not: what holds", [{ not: type }], false],
      ["not: an extension that isn't there", [{ not: { exact: { eventsource: "response" } } }], true],
      ["not not", [{ not: { not: type } }], true],
      ["not of an empty filter has no opinion", [{ not: {} }], true],
      ["an empty filter", [{}], true],
      ["no filter", [], true],
      ["the media type without its parameters", [{ exact: { datamediatype: "application/json" } }], true],
    ];
    for (const [text, filters, wanted] of table) {
      it(`${text} → ${wanted ? "delivered" : "left out"}`, () => {
        assert.equal(wants({ filters }), wanted);
      });
    }
  });

  describe("in the older form", () => {
    const table: [text: string, attributes: Record<string, string>, wanted: boolean][] = [
      ["every attribute equal", { type: "falco.rule.output.v1", source: "https://falco.org" }, true],
      ["2021's source", { type: "falco.rule.output.v1", source: "falco.org" }, false],
      ["an empty value: any, if it is there", { rule: "" }, true],
      ["an empty value of what isn't there", { eventsource: "" }, false],
      ["an empty value of an optional attribute that isn't there", { subject: "" }, false],
      ["no attributes", {}, true],
    ];
    for (const [text, attributes, wanted] of table) {
      it(`${text} → ${wanted ? "delivered" : "left out"}`, () => {
        assert.equal(wants({ filter: { attributes } }), wanted);
      });
    }
  });

  it("lets filters override filter, unless filters is empty", () => {
    const filter = { attributes: { type: "other" } };
    assert.equal(wants({ filter, filters: [{ exact: { priority: "Notice" } }] }), true);
    assert.equal(wants({ filter, filters: [] }), false);
  });

  it("wants everything without any filter", () => {
    assert.equal(wants({}), true);
  });

  describe("that Knative refuses or the lab can't carry out", () => {
    const table: [text: string, filter: unknown, message: RegExp][] = [
      ["cesql", { cesql: "type = 'x'" }, /cesql can't be carried out by the lab; use exact, prefix/],
      ["an unknown dialect", { equals: { type: "x" } }, /equals is no dialect/],
      ["two dialects in one", { exact: { type: "x" }, prefix: { type: "x" } }, /one dialect, not exact and prefix/],
      ["any of nothing", { any: [] }, /any needs at least one filter/],
      ["all of nothing", { not: { all: [] } }, /all needs at least one filter/],
      ["an empty value", { exact: { type: "" } }, /takes no empty/],
      ["a name that is none", { exact: { "Event-Source": "x" } }, /no name of an attribute/],
    ];
    for (const [text, filter, message] of table) {
      it(text, () => {
        assert.throws(
          () => compileFilters({ filters: [filter as SubscriptionsFilter] }),
          (error) => error instanceof FilterError && message.test(error.message),
        );
      });
    }
  });
});
