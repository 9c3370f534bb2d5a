import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRules, summaryOf } from "../../../stack/responder/rules.ts";

const SHELL = `
- rule: Shell
  match: {rules: [Terminal shell in container, Netcat]}
  actions: [{action: Kill, actionner: "kubernetes:terminate"}]
`;

describe("the stack's reading of rules files", () => {
  let folder: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-rules-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("merges them in the order they are named in, and keeps their texts as they are", () => {
    const paths = [file("b.yaml", SHELL), file("a.yaml", "- rule: Shell\n  description: later\n")];
    const { files, rules } = readRules(paths, { dryRun: false, timeoutSeconds: 60 });
    assert.deepEqual(
      files.map(({ name }) => name),
      paths,
    );
    assert.equal(files[0]?.text, SHELL);
    assert.deepEqual(
      rules.map(({ name, description }) => [name, description]),
      [["Shell", "later"]],
    );
  });

  it("finds a relative path in the project's folder, wherever it is run", () => {
    const { rules } = readRules(["rules.yaml"], { dryRun: false, timeoutSeconds: 60 });
    assert.notEqual(rules.length, 0);
  });

  it("keeps the text of the files that parameters name, by their path as it stands there", () => {
    const script = file("look.sh", "ps\n");
    const look = `- rule: Look\n  actions: [{action: Look, actionner: "kubernetes:script", parameters: {file: ${script}}}]\n`;
    const { named } = readRules([file("rules.yaml", look)], { dryRun: false, timeoutSeconds: 60 });
    assert.deepEqual([...named], [[script, "ps\n"]]);
  });

  it("says of a rule which alerts it answers, with what, and whether it runs dry", () => {
    const path = file("rules.yaml", SHELL);
    const summaries = (dryRun: boolean) => readRules([path], { dryRun, timeoutSeconds: 60 }).rules.map(summaryOf);
    const summary = 'Shell: "Terminal shell in container" or "Netcat" -> kubernetes:terminate';
    assert.deepEqual(summaries(false), [summary]);
    assert.deepEqual(summaries(true), [`${summary} (dry run)`]);
  });

  it("stops where a file is not there, with its path and the key that names it", () => {
    const path = join(folder, "nowhere.yaml");
    assert.throws(
      () => readRules([path], { dryRun: false, timeoutSeconds: 60 }),
      (error: Error) => {
        assert.ok(error.message.startsWith(`The rules file ${path} can't be read: ENOENT`), error.message);
        assert.match(error.message, /\nChange responderRules, the list of rules files\.$/);
        return true;
      },
    );
  });

  it("stops where a file is no rules file, with what is wrong with it", () => {
    const path = file("broken.yaml", "- rule: Shell\n  actions: [{action: X, actionner: kubernetes:explode}]\n");
    assert.throws(
      () => readRules([path], { dryRun: false, timeoutSeconds: 60 }),
      (error: Error) => {
        assert.match(error.message, /^The response rules can't be used:\n.*broken\.yaml, entry 1.*kubernetes:explode/);
        assert.match(error.message, /\nCorrect the file, or change responderRules\.$/);
        return true;
      },
    );
  });
});
