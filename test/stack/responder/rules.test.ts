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

  it("merges them in the order they are named in, and keeps their texts as they are", async () => {
    const paths = [file("b.yaml", SHELL), file("a.yaml", "- rule: Shell\n  description: later\n")];
    const { files, rules } = await readRules(paths, false);
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

  it("finds a relative path in the project's folder, wherever it is run", async () => {
    const { rules } = await readRules(["rules.yaml"], false);
    assert.notEqual(rules.length, 0);
  });

  it("keeps the text of the files that parameters name, by their path as it stands there", async () => {
    const script = file("look.sh", "ps\n");
    const look = `- rule: Look\n  actions: [{action: Look, actionner: "kubernetes:script", parameters: {file: ${script}}}]\n`;
    const { named } = await readRules([file("rules.yaml", look)], false);
    assert.deepEqual([...named], [[script, "ps\n"]]);
  });

  it("says of a rule which alerts it answers, with what, and whether it runs dry", async () => {
    const path = file("rules.yaml", SHELL);
    const summaries = async (dryRun: boolean) => (await readRules([path], dryRun)).rules.map(summaryOf);
    const summary = 'Shell: "Terminal shell in container" or "Netcat" -> kubernetes:terminate';
    assert.deepEqual(await summaries(false), [summary]);
    assert.deepEqual(await summaries(true), [`${summary} (dry run)`]);
  });

  it("stops where a file is not there, with its path and the key that names it", async () => {
    const path = join(folder, "nowhere.yaml");
    await assert.rejects(readRules([path], false), (error: Error) => {
      assert.ok(error.message.startsWith(`The rules file ${path} can't be read: ENOENT`), error.message);
      assert.match(error.message, /\nChange responderRules, the list of rules files\.$/);
      return true;
    });
  });

  it("stops where a file is no rules file, with what is wrong with it", async () => {
    const path = file("broken.yaml", "- rule: Shell\n  actions: [{action: X, actionner: kubernetes:explode}]\n");
    await assert.rejects(readRules([path], false), (error: Error) => {
      assert.match(error.message, /^The response rules can't be used:\n.*broken\.yaml, entry 1.*kubernetes:explode/);
      assert.match(error.message, /\nCorrect the file, or change responderRules\.$/);
      return true;
    });
  });
});
