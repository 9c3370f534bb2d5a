import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyOf } from "../../../responder/rules/folder.ts";
import { find, programWith } from "../evaluated.ts";

describe("the response rules", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rules-"));
  });

  after(() => rm(folder, { recursive: true }));

  it("changes the ConfigMap, the Revision, the role and the Trigger's filter, nothing else, for other rules", async () => {
    const more = join(folder, "more.yaml");
    await writeFile(
      more,
      `- rule: Crypto miner
  match: { rules: [Detect outbound connections to common miner pool ports] }
  actions: [{ action: Kill, actionner: "kubernetes:terminate", parameters: { min_healthy_replicas: 50% } }]
`,
    );
    const alertKeys = ["a-key-that-stays-0123456789"];
    const one = await programWith({ alertKeys });
    const other = await programWith({ alertKeys, responderRules: ["rules.yaml", more] });
    const changed = one.resources.filter(
      ({ name, inputs }) => JSON.stringify(find(other, name).inputs) !== JSON.stringify(inputs),
    );
    assert.deepEqual(changed.map(({ name }) => name).sort(), [
      "alerts-trigger",
      "responder-role",
      "responder-rules",
      "responder-service",
    ]);
    assert.equal(one.resources.length, other.resources.length);
    assert.deepEqual(Object.keys(find(other, "responder-rules").inputs.data), ["00-rules.yaml", "01-rules.yaml"]);
  });

  describe("with a script that the rules name", () => {
    const SCRIPT = "ps\ncat /proc/net/tcp\n";
    let rules: string;
    let script: string;

    beforeEach(async () => {
      script = join(folder, "look.sh");
      rules = join(folder, "look.yaml");
      await writeFile(script, SCRIPT);
      await writeFile(
        rules,
        `- rule: Look around\n  actions: [{ action: Look, actionner: "kubernetes:script", parameters: { file: ${script} } }]\n`,
      );
    });

    it("gives it to the responder beside the rules, where the responder looks for it", async () => {
      const program = await programWith({ responderRules: [rules] });
      const { inputs } = find(program, "responder-rules");
      assert.deepEqual(inputs.data, { "00-rules.yaml": await readFile(rules, "utf8"), [keyOf(script)]: SCRIPT });
      assert.match(keyOf(script), /^[-._a-zA-Z0-9]+$/, "a key that a ConfigMap takes");
    });

    it("makes another ConfigMap, so another Revision, of another text of it", async () => {
      const nameOf = async () =>
        find(await programWith({ responderRules: [rules] }), "responder-rules").inputs.metadata.name;
      const before = await nameOf();
      await writeFile(script, `${SCRIPT}ls /tmp\n`);
      assert.notEqual(await nameOf(), before);
    });

    it("stops where it can't be read, naming rule, action and path", async () => {
      await rm(script);
      await assert.rejects(programWith({ responderRules: [rules] }), {
        message:
          /^The response rules can't be used:\n.*look\.yaml, entry 1 \(rule "Look around"\): actions\[0\] \("Look"\): parameters\.file: ".*look\.sh" can't be read: ENOENT/s,
      });
    });
  });

  it("stops with what is wrong with a rule", async () => {
    const broken = join(folder, "broken.yaml");
    await writeFile(broken, "- rule: X\n  actions: [{ action: Y, actionner: kubernetes:explode }]\n");
    await assert.rejects(programWith({ responderRules: [broken] }), (error: Error) => {
      assert.match(
        error.message,
        /^The response rules can't be used:\n.*broken\.yaml.*kubernetes:explode.*kubernetes:terminate/s,
      );
      assert.doesNotMatch(error.message, /\n {4}at /, "no stack trace");
      return true;
    });
  });

  it("stops with the path of a rules file that is not there", async () => {
    await assert.rejects(programWith({ responderRules: ["nowhere.yaml"] }), {
      message: /^The rules file nowhere\.yaml can't be read: ENOENT.*\nChange responderRules/s,
    });
  });
});
