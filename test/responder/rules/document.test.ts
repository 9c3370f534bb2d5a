import assert from "node:assert/strict";
import { FileError, readItems } from "../../../responder/rules/document.ts";
import { Budget } from "../../../responder/rules/limits.ts";
import { rules } from "../fixtures.ts";

function values(text: string): unknown[] {
  return readItems(text, new Budget()).map(({ value, faults }) => {
    assert.deepEqual(faults, []);
    return value;
  });
}

function faults(text: string): string[] {
  return readItems(text, new Budget()).flatMap((item) => item.faults);
}

describe("a rules file's YAML", () => {
  it("is text as it is written, as falco-talon reads it, and values below parameters", () => {
    assert.deepEqual(
      values(
        "- rule: 007\n  continue: True\n  description: 1.10\n  parameters: {a: 1.10, b: true, c: 0x10, d: ~, e: '1'}",
      ),
      [
        {
          rule: "007",
          continue: "True",
          description: "1.10",
          parameters: { a: 1.1, b: true, c: 16, d: null, e: "1" },
        },
      ],
    );
  });

  it("is read by its own rules whatever version it names", () => {
    assert.deepEqual(values("%YAML 1.1\n---\n- parameters: {a: yes, b: 1_000}"), [
      { parameters: { a: "yes", b: "1_000" } },
    ]);
  });

  it("may begin with a byte order mark, and end its lines as Windows does", () => {
    const text = "\ufeff- rule: R\n  actions: [{action: T, actionner: 'kubernetes:terminate'}]\n";
    assert.equal(rules(text)[0]?.name, "R");
    assert.equal(rules(text.replaceAll("\n", "\r\n"))[0]?.actions.length, 1);
  });

  it("may begin a document, and end with one that is empty", () => {
    assert.deepEqual(values("# rules\n---\n- rule: A\n---\n# nothing\n"), [{ rule: "A" }]);
    assert.deepEqual(values(""), []);
    assert.deepEqual(values("---\n...\n"), []);
  });

  it("may refer to what stands before, as text or as values, by where it is used", () => {
    assert.deepEqual(values("- rule: &n 5\n- action: *n\n  parameters: {a: *n}\n- rule: &n 6\n- rule: *n"), [
      { rule: "5" },
      { action: "5", parameters: { a: 5 } },
      { rule: "6" },
      { rule: "6" },
    ]);
  });

  it("may merge maps: own keys count first, then those of the earlier map", () => {
    assert.deepEqual(
      values(
        "- &a {x: 1, y: 1}\n- &b {y: 2, z: 2}\n- {<<: *a, x: 3}\n- {x: 3, <<: [*a, *b]}\n- {<<: {w: 4}}\n- {'<<': 1}",
      ),
      [
        { x: "1", y: "1" },
        { y: "2", z: "2" },
        { x: "3", y: "1" },
        { x: "3", y: "1", z: "2" },
        { w: "4" },
        { "<<": "1" },
      ],
    );
  });

  it("gives every item its line", () => {
    const lines = readItems("# a\n- rule: A\n\n- rule: B\n  x: |\n    y\n-\n  rule: C\n", new Budget());
    assert.deepEqual(
      lines.map(({ line }) => line),
      [2, 4, 8],
    );
  });

  const wrong: [string, string, RegExp][] = [
    ["an alias to nothing", "- a: *b\n- c: &b 1", /^\*b refers to nothing: no &b stands before it \(line 1\)$/],
    ["an alias to what it stands in", "- &a\n  b: [*a]", /^\*a refers to what it stands in \(line 2\)$/],
    ["a key that stands twice", "- a: 1\n  a: 2", /^the key "a" stands twice \(line 2\)$/],
    ["two merges", "- &a {b: 1}\n- {<<: *a, <<: *a}", /^the key "<<" stands twice \(line 2\)$/],
    ["a merge of what is no map", "- {<<: [a]}", /^<<: takes a map, or a list of maps \(line 1\)$/],
    ["a key that is a list", "- {? [a] : b}", /^\["a"\] is no key/],
    ["a key that is nothing", "- {? : b}", /is no key/],
    ["the key __proto__", '- {"__proto__": {polluted: 1}}', /^"__proto__" is no key/],
    ["a tag of its own", "- a: !secret b", /^the tag !secret is not taken \(line 1\)$/],
    ["a tag of other releases", "- a: !!binary aGk=", /^the tag tag:yaml.org,2002:binary is not taken/],
  ];
  for (const [what, text, message] of wrong) {
    it(`with ${what} says so, with the line`, () => {
      const [fault, ...more] = faults(text);
      assert.match(fault ?? "", message);
      assert.deepEqual(more, []);
    });
  }

  it("can't reach what every object has", () => {
    const [item] = readItems('- {"__proto__": {polluted: 1}, constructor: {prototype: {polluted: 1}}}', new Budget());
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    assert.equal((item?.value as { polluted?: unknown }).polluted, undefined);
    assert.deepEqual(Object.keys(item?.value as object), ["constructor"]);
  });

  it("that is none of a list is refused with its line", () => {
    for (const [text, line] of [
      ["rule: x", 1],
      ["- a\n- b: [", 2],
      ["- a\n---\n- b", 3],
    ] as const) {
      assert.throws(
        () => readItems(text, new Budget()),
        (error) => error instanceof FileError && error.line === line,
      );
    }
  });
});
