import assert from "node:assert/strict";
import { compileFilters } from "../../../lab/broker/filters.ts";
import { loadRules } from "../../../responder/rules/load.ts";
import { RESPONSE_SOURCE } from "../../../responder/events.ts";
import { alertFilters, responseFilters } from "../../../stack/events/filters.ts";
import type { TriggerFilter } from "../../../stack/knative/custom-resources.ts";

const ACTIONS = [{ action: "Kill", actionner: "kubernetes:terminate" }];

/** The filter of response rules, each of which names the Falco rules of one list. */
function filtersFor(...lists: string[][]): TriggerFilter[] {
  const text = JSON.stringify(
    lists.map((rules, index) => ({ rule: `Response ${index}`, match: { rules }, actions: ACTIONS })),
  );
  return alertFilters(loadRules([{ name: "rules.yaml", text }]));
}

/** Whether an alert passes; what is given takes the place of an attribute, undefined takes it away. */
function passes(filters: TriggerFilter[], attributes: Record<string, string | undefined>): boolean {
  const all = {
    specversion: "1.0",
    id: "1",
    type: "falco.rule.output.v1",
    source: "https://falco.org",
    eventsource: "syscall",
    ...attributes,
  };
  const there = JSON.parse(JSON.stringify(all)) as Record<string, string>;
  return compileFilters({ filters })({ attributes: there, data: Buffer.alloc(0) });
}

/** What a Falco rule's name may look like as an attribute when it has come through HTTP, by sender. */
function spellings(name: string): string[] {
  const header = name.trim();
  const encode = (pattern: RegExp): string => header.replace(pattern, (text) => encodeURIComponent(text));
  return [
    header,
    Buffer.from(header, "utf8").toString("latin1"),
    encode(/[^ -~]+|["%]/gu),
    encode(/[^!-~]+|["%]/gu).replaceAll("%20", " "),
  ];
}

describe("the alerts Trigger's filter", () => {
  const shell = filtersFor(["Terminal shell in container"]);

  it("passes an alert of a rule that is named, from current and from older releases of falcosidekick", () => {
    for (const source of ["https://falco.org", "falco.org"]) {
      assert.ok(passes(shell, { rule: "Terminal shell in container", source }), source);
    }
  });

  it("passes an alert that doesn't say where Falco had it from", () => {
    assert.ok(passes(shell, { rule: "Terminal shell in container", eventsource: undefined }));
  });

  it("holds back other rules, types, sources, and responses that come back as alerts", () => {
    for (const attributes of [
      { rule: "Read sensitive file untrusted" },
      { rule: undefined },
      { rule: "Terminal shell in container", type: "falco.response.v1" },
      { rule: "Terminal shell in container", source: "https://elsewhere.example.com" },
      { rule: "Terminal shell in container", eventsource: "response" },
    ]) {
      assert.ok(!passes(shell, attributes), JSON.stringify(attributes));
    }
  });

  it("needs no `any` for one name and lists each name once", () => {
    assert.deepEqual(shell.at(-1), { exact: { rule: "Terminal shell in container" } });
    assert.deepEqual(filtersFor(["A", "B"], ["B"]).at(-1), {
      any: [{ exact: { rule: "A" } }, { exact: { rule: "B" } }],
    });
  });

  it("passes every rule's alerts where one response rule names no Falco rule", () => {
    assert.ok(passes(filtersFor(["A"], []), { rule: "Anything" }));
    assert.equal(filtersFor(["A"], []).length, 3);
  });

  it("lets no named rule's alert fall through, however the sender spelled the name", () => {
    const names = [
      "Terminal shell in container",
      " padded ",
      "100% CPU",
      'Say "hello"',
      "Zugriff auf Schlüssel",
      "Überwachung",
      "密码文件被读取",
      "Shell 🐚 spawned",
      "tab\there",
      "back\\slash",
      "a=b,c;d",
      "UPPER lower_09-.",
      "'single'",
      "{curly} [square] <angle>",
      "~tilde!#$&'()*+,-./:;<=>?@",
    ];
    for (const name of names) {
      for (const filters of [filtersFor([name]), filtersFor(["Other", name]), filtersFor(["Other"], [name])]) {
        for (const rule of spellings(name))
          assert.ok(passes(filters, { rule }), `${JSON.stringify(name)} as ${JSON.stringify(rule)}`);
      }
    }
  });

  it("keeps as much of a name as every sender spells alike", () => {
    assert.deepEqual(filtersFor(["Zugriff auf Schlüssel"]).at(-1), { prefix: { rule: "Zugriff auf Schl" } });
    assert.equal(filtersFor(["Überwachung"]).length, 3, "nothing is left of it, so no filter by rule");
  });

  it("has one dialect per expression, and none empty", () => {
    const check = (filter: TriggerFilter): void => {
      const [[dialect, value] = [], ...more] = Object.entries(filter);
      assert.equal(more.length, 0);
      if (dialect === "any") {
        assert.ok((value as TriggerFilter[]).length > 0);
        (value as TriggerFilter[]).forEach(check);
      } else if (dialect === "not") check(value as TriggerFilter);
      else assert.ok(Object.values(value as Record<string, string>).every((text) => text !== ""));
    };
    for (const filters of [shell, filtersFor([]), filtersFor(["A", "é"], ["B"]), responseFilters()])
      filters.forEach(check);
  });
});

describe("the responses Trigger's filter", () => {
  it("passes the responder's replies and no alert", () => {
    assert.ok(
      passes(responseFilters(), { type: "falco.response.v1", source: RESPONSE_SOURCE, eventsource: undefined }),
    );
    assert.ok(!passes(responseFilters(), { rule: "Terminal shell in container" }));
  });
});
