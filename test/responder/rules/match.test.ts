import assert from "node:assert/strict";
import { mismatch, parseMatch } from "../../../responder/rules/match.ts";
import { alert } from "../fixtures.ts";

function matches(
  match: Record<string, unknown>,
  fields: Record<string, unknown> = {},
  payload: Record<string, unknown> = {},
) {
  return mismatch(parseMatch(match), alert(fields, payload)) === undefined;
}

describe("a match", () => {
  it("without keys takes every alert", () => {
    assert.ok(matches({}));
  });

  it("by rules takes any of those, by their exact names", () => {
    assert.ok(matches({ rules: ["Other", "Terminal shell in container"] }));
    assert.ok(!matches({ rules: ["terminal shell in container"] }));
  });

  const priorities: [string, string[]][] = [
    ["Notice", ["Notice"]],
    ["=notice", ["Notice"]],
    [">=Notice", ["Critical", "Warning", "Notice"]],
    [">Notice", ["Critical", "Warning"]],
    ["<Notice", ["Informational", "Debug"]],
    ["<=Notice", ["Notice", "Informational", "Debug"]],
  ];
  for (const [priority, taken] of priorities) {
    it(`by priority ${priority} takes ${taken.join(", ")} of the five`, () => {
      const of = ["Critical", "Warning", "Notice", "Informational", "Debug"];
      assert.deepEqual(
        of.filter((one) => matches({ priority }, {}, { priority: one })),
        taken,
      );
    });
  }

  it("by tags takes an alert that has all of one of the lists", () => {
    assert.ok(matches({ tags: ["network", "container, shell"] }));
    assert.ok(!matches({ tags: ["container, network"] }));
  });

  it("by source takes that one alone", () => {
    assert.ok(matches({ source: "syscall" }));
    assert.ok(!matches({ source: "k8s_audit" }));
  });

  it("by output fields wants all conditions of one of the lists", () => {
    assert.ok(matches({ output_fields: ["k8s.ns.name!=kube-system, k8s.ns.name!=falco"] }));
    assert.ok(!matches({ output_fields: ["k8s.ns.name!=kube-system, k8s.ns.name!=default"] }));
    assert.ok(matches({ output_fields: ["k8s.ns.name=other", "k8s.ns.name=default"] }));
  });

  it("by a field that is not there holds for != and not for =", () => {
    assert.ok(matches({ output_fields: ["fd.name!=x"] }));
    assert.ok(!matches({ output_fields: ["fd.name=x"] }));
    assert.ok(matches({ output_fields: ["k8s.ns.name!=x"] }, { "k8s.ns.name": null }));
  });

  it("compares numbers, quoted values and values with an equals sign", () => {
    assert.ok(matches({ output_fields: ["proc.tty=34816"] }, { "proc.tty": 34816 }));
    assert.ok(matches({ output_fields: ['proc.name="sh"'] }, { "proc.name": "sh" }));
    assert.ok(matches({ output_fields: ["proc.cmdline=a --x=y"] }, { "proc.cmdline": "a --x=y" }));
  });

  it("says which key an alert fails on, with both values", () => {
    const reason = (match: Record<string, unknown>) => mismatch(parseMatch(match), alert());
    assert.match(reason({ rules: ["Other"] }) ?? "", /^rules: .*Terminal shell/);
    assert.match(reason({ priority: ">Notice" }) ?? "", /^priority: Notice is not > Notice/);
    assert.match(reason({ output_fields: ["k8s.ns.name=x"] }) ?? "", /k8s.ns.name=x does not hold \(it is "default"\)/);
    assert.match(reason({ tags: ["x"] }) ?? "", /^tags: the alert has container, shell/);
    assert.match(reason({ source: "x" }) ?? "", /^source: .*syscall/);
  });

  const broken: [Record<string, unknown>, RegExp][] = [
    [{ priority: ">>Notice" }, /^priority: ">>Notice".*Emergency/],
    [{ priority: 3 }, /^priority: 3/],
    [{ output_fields: ["k8s.ns.name"] }, /^output_fields: "k8s.ns.name" is not a condition/],
    [{ output_fields: ["k8s.ns.name="] }, /is not a condition/],
    [{ output_fields: "a=b" }, /^output_fields: "a=b" is not allowed/],
    [{ tags: ["a,,b"] }, /^tags: "a,,b" holds an empty tag/],
    [{ rules: "one" }, /^rules: "one" is not allowed/],
    [{ rule: ["one"] }, /^rule is not supported; match has rules/],
    [{ source: 1 }, /^source: is not text/],
  ];
  for (const [match, message] of broken) {
    it(`of ${JSON.stringify(match)} is refused, and the reason given`, () => {
      assert.throws(() => parseMatch(match), { message });
    });
  }
});
