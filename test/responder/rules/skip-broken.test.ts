import assert from "node:assert/strict";
import { loadRules, RulesError } from "../../../responder/rules/load.ts";
import { TERMINATE } from "../fixtures.ts";

function load(text: string, skipBroken = true) {
  const warnings: string[] = [];
  const rules = loadRules([{ name: "r.yaml", text }], { skipBroken, onWarning: (warning) => warnings.push(warning) });
  return { rules: rules.map(({ name }) => name), warnings };
}

const use = (rule: string, action: string) => `- rule: ${rule}\n  actions: [{action: ${action}}]\n`;
const SNIFF = "- rule: Capture\n  actions: [{action: Sniff, actionner: 'kubernetes:sniff'}]\n";

describe("a rule that can't be used", () => {
  it("has the whole file refused, unless it is to be left out", () => {
    assert.throws(() => load(SNIFF + TERMINATE, false), RulesError);
  });

  it("is left out alone, with file, line, entry and reason", () => {
    const { rules, warnings } = load(SNIFF + TERMINATE);
    assert.deepEqual(rules, ["Terminate"]);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? "",
      /^line 1 of r.yaml, entry 1 \(rule "Capture"\): left out: actions\[0\] \("Sniff"\): actionner: "kubernetes:sniff" is not/,
    );
  });

  it("takes the rules with it that use its broken action, and no others", () => {
    const named = "- action: Good\n  actionner: kubernetes:terminate\n- action: Bad\n  actionner: kubernetes:sniff\n";
    const { rules, warnings } = load(named + use("A", "Good") + use("B", "Bad") + use("C", "Bad"));
    assert.deepEqual(rules, ["A"]);
    assert.equal(warnings.length, 3);
    assert.match(
      warnings[0] ?? "",
      /^line 3 of r.yaml, entry 2 \(action "Bad"\): actionner: "kubernetes:sniff" is not/,
    );
    assert.match(warnings[1] ?? "", /entry 4 \(rule "B"\): left out: actions\[0\]: the action "Bad" can't be used$/);
  });

  it("takes with it the rules whose action has a key that isn't supported", () => {
    const named = "- action: Bad\n  actionner: kubernetes:terminate\n  retries: 3\n";
    const { rules, warnings } = load(named + use("A", "Bad") + TERMINATE);
    assert.deepEqual(rules, ["Terminate"]);
    assert.match(warnings.join("\n"), /\(action "Bad"\): retries is not supported.*\n.*\(rule "A"\): left out/);
  });

  it("is left out, not used without what was to override it", () => {
    for (const override of ["dry_run: maybe", "dry_run: true\n  dry_run: true", "dri_run: true", "match: *nothing"]) {
      const { rules, warnings } = load(
        `${TERMINATE}${SNIFF.replaceAll("sniff", "cordon")}- rule: Terminate\n  ${override}\n`,
      );
      assert.deepEqual(rules, ["Capture"], override);
      assert.match(warnings[0] ?? "", /entry 3 \(rule "Terminate"\): left out/);
    }
  });

  it("may have no name", () => {
    const { rules, warnings } = load(`- actions: []\n- x\n${TERMINATE}`);
    assert.deepEqual(rules, ["Terminate"]);
    assert.deepEqual(
      warnings.map((warning) => warning.slice(0, 38)),
      ["line 1 of r.yaml, entry 1: left out: h", "line 2 of r.yaml, entry 2: left out: n"],
    );
  });

  it("is an error where no other is left, and where the file can't be read", () => {
    assert.throws(
      () => load(SNIFF),
      /^RulesError: r.yaml: no rule in it can be used\n.*entry 1 \(rule "Capture"\): left out/,
    );
    assert.throws(() => load(`${TERMINATE}- rule: [`), /not YAML/);
  });
});

describe("warnings of rules files", () => {
  it("say once where notifications are set here, however many rules name notifiers", () => {
    const { rules, warnings } = load(
      `${TERMINATE}  notifiers: [slack]\n${SNIFF.replaceAll("sniff", "log")}  notifiers: []\n`,
      false,
    );
    assert.deepEqual(rules, ["Terminate", "Capture"]);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? "",
      /^line 2 of r.yaml, entry 1 .*notifiers, here and in 1 more .*falcosidekick.*falcoValues/,
    );
  });

  it("name an entry that is there for its anchors alone", () => {
    const holder = "- &base {actions: [{action: T, actionner: 'kubernetes:terminate'}]}\n- <<: *base\n  rule: R\n";
    const { rules, warnings } = load(holder, false);
    assert.deepEqual(rules, ["R"]);
    assert.match(warnings.join("\n"), /^line 1 of r.yaml, entry 1: is neither a rule nor an action/);
  });

  it("are none where there is nothing to warn of", () => {
    assert.deepEqual(load(TERMINATE).warnings, []);
  });
});
