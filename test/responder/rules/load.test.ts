import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { keyOf } from "../../../responder/rules/folder.ts";
import { loadRules, RulesError } from "../../../responder/rules/load.ts";
import { mismatch } from "../../../responder/rules/match.ts";
import { alert, TERMINATE } from "../fixtures.ts";

function load(...texts: string[]) {
  return loadRules(texts.map((text, index) => ({ name: `${index}.yaml`, text })));
}

function problems(...texts: string[]): string {
  try {
    load(...texts);
  } catch (error) {
    assert.ok(error instanceof RulesError);
    return error.message;
  }
  assert.fail("the files were taken");
}

describe("rules files", () => {
  it("are falco-talon's: named actions, which a rule refers to and adds parameters to", () => {
    const [rule] = load(`
- action: Terminate Pod
  actionner: kubernetes:terminate
  parameters:
    grace_period_seconds: 5
    min_healthy_replicas: 33%
- rule: Terminal shell in container
  description: >
    a shell
  match:
    rules:
      - Terminal shell in container
    output_fields:
      - k8s.ns.name!=kube-system, k8s.ns.name!=falco
  actions:
    - action: Terminate Pod
      parameters:
        ignore_daemonsets: true
  continue: "false"
  dry_run: "true"
`);
    assert.equal(rule?.name, "Terminal shell in container");
    assert.equal(rule.description, "a shell");
    assert.equal(rule.continue, false);
    assert.equal(rule.dryRun, true);
    assert.equal(rule.actions[0]?.actionner.name, "kubernetes:terminate");
    const resources = rule.actions[0].prepared.permissions.map(({ resource }) => resource);
    assert.deepEqual(
      resources,
      ["pods", "replicasets", "statefulsets"],
      "min_healthy_replicas of the named action is kept",
    );
  });

  it("all run dry where the whole stack does", () => {
    const [rule] = loadRules([{ name: "rules.yaml", text: TERMINATE }], { dryRun: true });
    assert.equal(rule?.dryRun, true);
  });

  it("let a rule's matches be followed by others unless it says otherwise", () => {
    assert.equal(load(TERMINATE)[0]?.continue, true);
  });

  it("are merged in order: a later entry's keys take the place of the earlier one's", () => {
    const [rule, ...more] = load(TERMINATE, "- rule: Terminate\n  match: {priority: '>=Critical'}\n  dry_run: true");
    assert.deepEqual(more, []);
    assert.equal(rule?.dryRun, true);
    assert.deepEqual(rule.match.rules, ["Terminal shell in container"], "what the later one doesn't name stays");
    assert.match(mismatch(rule.match, alert()) ?? "", /priority/);
    assert.equal(rule.actions.length, 1, "actions are not doubled");
  });

  it("may override a named action's parameters from a later file", () => {
    const action = "- action: T\n  actionner: kubernetes:terminate\n";
    const use = "- rule: R\n  actions: [{action: T}]\n";
    const [rule] = load(action + use, "- action: T\n  parameters: {min_healthy_replicas: 2}");
    assert.equal(rule?.actions[0]?.prepared.permissions.length, 3);
  });

  it("ship with a default that terminates on a shell outside the cluster's own namespaces", () => {
    const text = readFileSync(new URL("../../../rules.yaml", import.meta.url), "utf8");
    const [rule, ...more] = loadRules([{ name: "rules.yaml", text }]);
    assert.deepEqual(more, []);
    assert.ok(rule);
    assert.equal(mismatch(rule.match, alert()), undefined);
    for (const namespace of ["kube-system", "falco", "knative-serving", "knative-eventing", "kourier-system"]) {
      assert.ok(mismatch(rule.match, alert({ "k8s.ns.name": namespace })), namespace);
    }
  });

  const broken: [string, string, RegExp][] = [
    ["no YAML", "- rule: [", /^line 1 of 0.yaml: not YAML: .*flow/i],
    ["no list", "rule: x", /^line 1 of 0.yaml: not a list of entries/],
    ["nothing in it", "", /^0.yaml: no rule in it/],
    ["an entry that is none", "- x", /^line 1 of 0.yaml, entry 1: not an entry/],
    ["an entry without a name", "- actions: []", /^line 1 of 0.yaml, entry 1: has no name/],
    ["a rule without actions", "- rule: A", /^line 1 of 0.yaml, entry 1 \(rule "A"\): actions: is missing/],
    [
      "a key that isn't supported",
      `${TERMINATE}  notify: [slack]`,
      /\(rule "Terminate"\): notify is not supported; a rule has rule, desc/,
    ],
    [
      "an actionner that isn't",
      "- action: A\n  actionner: aws:lambda",
      /actionner: "aws:lambda" is not supported; it takes one of .*kubernetes:terminate/,
    ],
    [
      "an action that nothing defines",
      "- action: B\n  actionner: kubernetes:terminate\n- rule: A\n  actions: [{action: C}]",
      /actions\[0\] \("C"\): no "- action: C" entry defines it; actionner: is missing; it takes one of/,
    ],
    [
      "an output of an action that gives none",
      "- rule: A\n  actions: [{action: C, actionner: 'kubernetes:terminate', output: {target: s3}}]",
      /output: kubernetes:terminate gives none; .*kubernetes:log/,
    ],
    [
      "an output without a target",
      "- rule: A\n  actions: [{action: C, actionner: 'kubernetes:log', output: {parameters: {}}}]",
      /output.target: takes a name such as "aws:s3"/,
    ],
    [
      "a context that isn't",
      "- rule: A\n  actions: [{action: C, actionner: 'kubernetes:exec', parameters: {command: ls}, additional_contexts: [aws]}]",
      /additional_contexts: "aws" is not supported; it takes k8snode/,
    ],
    [
      "a file that a parameter names and nobody has",
      "- rule: A\n  actions: [{action: C, actionner: 'kubernetes:script', parameters: {file: look.sh}}]",
      /parameters.file: "look.sh" can't be read/,
    ],
    [
      "parameters that don't go together",
      "- rule: A\n  actions: [{action: C, actionner: 'kubernetes:script', parameters: {}}]",
      /parameters: one of script and file is to be given/,
    ],
    [
      "a wrong parameter",
      "- rule: A\n  actions: [{action: C, actionner: 'kubernetes:terminate', parameters: {grace: 1}}]",
      /parameters.grace: kubernetes:terminate has no such parameter; it has grace_period_seconds/,
    ],
    [
      "a wrong value of one",
      "- rule: A\n  actions: [{action: C, actionner: 'kubernetes:terminate', parameters: {min_healthy_replicas: 101%}}]",
      /parameters.min_healthy_replicas: "101%" is not allowed; it takes a number/,
    ],
    [
      "a wrong match",
      "- rule: A\n  match: {priority: Loud}\n  actions: [{action: C, actionner: 'kubernetes:terminate'}]",
      /\(rule "A"\): match.priority: "Loud"/,
    ],
    [
      "a flag that is no flag",
      `${TERMINATE}  dry_run: maybe`,
      /dry_run: "maybe" is not allowed; it takes true or false/,
    ],
    [
      "the same key twice",
      "- rule: A\n  rule: B",
      /^line 1 of 0.yaml, entry 1.*: the key "rule" stands twice \(line 2\)$/m,
    ],
    ["two documents", `${TERMINATE}---\n${TERMINATE}`, /^line 7 of 0.yaml: a second document begins/],
    ["a line break in a name", '- rule: "a\\nb"', /^line 1 of 0.yaml, entry 1: rule: the name "a\\nb" is not allowed/],
    [
      "a change of direction in an action's name",
      `- rule: A\n  actions: [{action: "a\u202eb"}]`,
      /actions\[0\]: the name .*no control/,
    ],
    [
      "a long name",
      `- rule: ${"é".repeat(129)}`,
      /entry 1: rule: the name "é+" is not allowed; it takes up to 256 bytes$/,
    ],
    ["a name that is no text", "- rule: [a]", /entry 1: has no name/],
    ["a name that is empty", "- rule: ~", /entry 1: has no name/],
    [
      "more actions than a rule may have",
      `- rule: A\n  actions: [${"{action: B}, ".repeat(101)}]`,
      /actions: 101 are too many; a rule has up to 100/,
    ],
  ];
  for (const [what, text, message] of broken) {
    it(`with ${what} are refused, with file, entry and reason`, () => {
      assert.match(problems(text), message);
    });
  }

  it("say what is wrong with a named action once, however many rules use it", () => {
    const use = (name: string) => `- rule: ${name}\n  actions: [{action: E}]\n`;
    assert.match(
      problems(`- action: E\n  actionner: kubernetes:explode\n${use("A")}${use("B")}`),
      /^line 1 of 0.yaml, entry 1 \(action "E"\): actionner: "kubernetes:explode" [^\n]*$/,
    );
  });

  it("may leave to a rule what a named action lacks", () => {
    const [rule] = load(
      "- action: L\n  actionner: kubernetes:label\n- rule: R\n  actions: [{action: L, parameters: {labels: {a: b}}}]\n",
    );
    assert.equal(rule?.actions[0]?.actionner.name, "kubernetes:label");
    const lacking = /^line 1 of 0.yaml, entry 1 \(action "L"\): parameters.labels: is missing[^\n]*$/;
    const unmended = "- action: L\n  actionner: kubernetes:label\n- rule: R\n  actions: [{action: L}]\n";
    assert.match(problems(unmended), lacking);
    assert.match(
      problems(`${unmended}- rule: S\n  actions: [{action: L, parameters: {labels: {a: b}}}]\n`),
      lacking,
      "not every rule gives it",
    );
  });

  it("are refused with all that is wrong at once, each in its file", () => {
    const told = problems("- rule: A", TERMINATE + "- rule: B").split("\n");
    assert.equal(told.length, 2);
    assert.match(told[0] ?? "", /^line 1 of 0.yaml, entry 1/);
    assert.match(told[1] ?? "", /^line 5 of 1.yaml, entry 2/);
  });
});

describe("a file that a rule's parameter names", () => {
  const script = (file: string) => [
    {
      name: "rules.yaml",
      text: `- rule: R\n  actions: [{action: S, actionner: "kubernetes:script", parameters: {file: ${file}}}]\n`,
    },
  ];

  it("is asked for by its path as it stands there", () => {
    const asked: string[] = [];
    loadRules(script("./scripts/look.sh"), { readFile: (path) => (asked.push(path), "ps\n") });
    assert.deepEqual(asked, ["./scripts/look.sh"]);
  });

  it("has a key that a ConfigMap takes, the same for the same path and for no other", () => {
    const paths = ["look.sh", "./look.sh", "scripts/look.sh", "../größe.sh", "/etc/../x y"];
    const keys = paths.map(keyOf);
    assert.equal(new Set(keys).size, paths.length);
    assert.deepEqual(keys, paths.map(keyOf));
    for (const key of keys) assert.match(key, /^file-[0-9a-f]{16}$/);
  });
});
