import { Ajv } from "ajv";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { ACTIONNERS } from "../../../responder/actions/catalogue.ts";
import { exampleFile } from "../../../responder/rules/example.ts";
import { loadRules } from "../../../responder/rules/load.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

const EVERYTHING = `
- action: Keep the log
  actionner: kubernetes:log
  description: What it said last
  parameters: {tail_lines: "50"}
  output: {target: "aws:s3", parameters: {bucket: evidence}}
- rule: Everything a rule can say
  description: All of it
  match:
    rules: [Terminal shell in container]
    priority: ">= notice"
    tags: ["container, shell", mitre]
    output_fields: ["k8s.ns.name!=kube-system, proc.name=sh"]
    source: syscall
  continue: "false"
  dry_run: true
  actions:
    - action: Keep the log
      parameters: {tail_lines: 10}
    - action: Look
      actionner: kubernetes:script
      additional_contexts: [k8snode]
      parameters: {script: "ps", timeout_seconds: 5}
      ignore_errors: true
      continue: true
    - action: Label
      actionner: kubernetes:label
      parameters: {labels: {suspicious: true, level: 3, old: }, level: pod}
    - action: Terminate
      actionner: kubernetes:terminate
      parameters: {min_healthy_replicas: 33%, ignore_daemonsets: "true", grace_period_seconds: 0}
`;

describe("the schema of rules files", () => {
  const schema = JSON.parse(read("rules.schema.json")) as Record<string, unknown>;
  // a keyword that is misspelt is an error; `then` may speak of keys that `if` has seen
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  const validate = ajv.compile(schema);

  function complaints(text: string): string[] {
    if (validate(parse(text))) return [];
    return (validate.errors ?? []).map(({ instancePath, message = "" }) => `${instancePath} ${message}`);
  }

  it("is one of draft-07", () => {
    assert.equal(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert.equal(ajv.validateSchema(schema), true);
  });

  it("is named in the first line of rules.yaml, for editors, by a path from there", () => {
    const [, path = ""] = /^# yaml-language-server: \$schema=(.*)\n/.exec(read("rules.yaml")) ?? [];
    assert.deepEqual(JSON.parse(read(path)), schema);
  });

  it("takes the default rules", () => {
    assert.deepEqual(complaints(read("rules.yaml")), []);
  });

  it("takes all that a rule can say, as the check does", () => {
    assert.equal(loadRules([{ name: "everything", text: EVERYTHING }]).length, 1);
    assert.deepEqual(complaints(EVERYTHING), []);
  });

  it("takes an empty file, one of a list, and an entry that only changes another", () => {
    for (const text of [
      "",
      "# nothing yet\n",
      "- rule: Shell\n  dry_run: true\n",
      "- action: Exec\n  continue: true\n",
    ])
      assert.deepEqual(complaints(text), [], text);
  });

  for (const actionner of ACTIONNERS) {
    it(`takes the example of ${actionner.name}, and refuses it with a parameter that it doesn't have`, () => {
      const { text } = exampleFile(actionner);
      assert.deepEqual(complaints(text), []);
      const [entry] = parse(text) as [{ parameters?: object }];
      const wrong = [{ ...entry, parameters: { ...entry.parameters, no_such_parameter: 1 } }];
      assert.match(complaints(JSON.stringify(wrong)).join("\n"), /^\/0\/parameters must NOT have additional/m);
    });
  }

  const RULE = "- rule: Shell\n  actions: [{action: Kill, actionner: kubernetes:terminate}]\n";
  const refused: [what: string, text: string, complaint: RegExp][] = [
    ["a map", "rules: []\n", /^ must be array,null$/m],
    ["an entry that is no rule and no action", "- name: Shell\n", /^\/0 must have required property 'action'$/m],
    ["a rule without a name", `${RULE}- rule: ""\n`, /^\/1\/rule must match pattern/m],
    ["a misspelt key of a rule", `${RULE}  dryrun: true\n`, /^\/0 must NOT have additional properties$/m],
    ["a rule without an action in its list", "- rule: Shell\n  actions: []\n", /^\/0\/actions must NOT have fewer/m],
    ["a misspelt key of match", `${RULE}  match: {rule: [Shell]}\n`, /^\/0\/match must NOT have additional/m],
    ["a priority that is none", `${RULE}  match: {priority: High}\n`, /^\/0\/match\/priority /m],
    ["a text for a list", `${RULE}  match: {rules: Shell}\n`, /^\/0\/match\/rules must be array,null$/m],
    ["a condition that is none", `${RULE}  match: {output_fields: [k8s.ns.name]}\n`, /^\/0\/match\/output_fields\/0 /m],
    ["a flag that is none", `${RULE}  continue: maybe\n`, /^\/0\/continue must be equal to one of/m],
    ["an actionner that is none", "- action: X\n  actionner: kubernetes:explode\n", /^\/0\/actionner must be equal/m],
    [
      "a parameter that is not allowed",
      "- action: X\n  actionner: kubernetes:terminate\n  parameters: {grace_period_seconds: -1}\n",
      /^\/0\/parameters\/grace_period_seconds must be >= 0$/m,
    ],
    [
      "the same of a rule's own action",
      "- rule: Shell\n  actions: [{action: X, actionner: kubernetes:label, parameters: {labels: {a: b}, level: both}}]\n",
      /^\/0\/actions\/0\/parameters\/level must be equal to one of/m,
    ],
    [
      "an output of an action that gives none",
      '- action: X\n  actionner: kubernetes:terminate\n  output: {target: "aws:s3"}\n',
      /^\/0\/output must be null$/m,
    ],
    ["a context that is none", "- action: X\n  additional_contexts: [aws]\n", /^\/0\/additional_contexts\/0 must be/m],
  ];
  for (const [what, text, complaint] of refused) {
    it(`refuses ${what}, as the check does`, () => {
      assert.match(complaints(text).join("\n"), complaint);
      assert.throws(() => loadRules([{ name: "wrong.yaml", text }]), { name: "RulesError" });
    });
  }
});
