import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { evaluateProgram, type Program } from "../../../lab/program/evaluate.ts";
import { ALERT_KEY } from "../../support/alert-key.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** One rule that can be used, and one that takes longer than the service may by default. */
const RULES = `
- rule: Kill
  match: {rules: [Netcat]}
  actions: [{action: Kill, actionner: "kubernetes:terminate"}]
- rule: Empty the node
  match: {rules: [Detect release_agent File Container Escapes]}
  actions: [{action: Drain, actionner: "kubernetes:drain", parameters: {max_wait_period: 90}}]
`;

describe("the stack and its responder", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-agreement-"));
    writeFileSync(join(folder, "rules.yaml"), RULES);
    writeFileSync(join(folder, "keys"), `${ALERT_KEY}\n`);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const evaluate = (changes: Record<string, unknown>): Promise<Program> =>
    evaluateProgram({
      stack: "dev",
      config: { "knative:install": false, responderRules: [join(folder, "rules.yaml")], ...changes },
    });

  function environmentOf({ resources }: Program): Record<string, string> {
    const inputs = resources.find(({ name }) => name === "responder-service")?.inputs as {
      spec: { template: { spec: { containers: [{ env: { name: string; value: string }[] }] } } };
    };
    return Object.fromEntries(inputs.spec.template.spec.containers[0].env.map(({ name, value }) => [name, value]));
  }

  /** The names of the rules that the responder goes by, as its log says before it looks for a cluster. */
  function rulesOf(environment: Record<string, string>): string[] {
    const here = { RULES_DIR: folder, ALERT_KEYS_DIR: folder, KUBECONFIG: join(folder, "none") };
    const env = { PATH: process.env["PATH"], ...environment, ...here };
    const { stdout } = spawnSync(process.execPath, ["responder/main.ts"], { cwd: ROOT, env, encoding: "utf8" });
    const lines = stdout.split("\n").filter((line) => line !== "");
    return lines.flatMap((line) => (JSON.parse(line) as { rules?: string[] }).rules ?? []);
  }

  it("stop at preview where a rule takes longer than the service may, with both numbers", async () => {
    await assert.rejects(evaluate({}), /may take 90 s .* after 60 s/);
  });

  it("go by the same time limit", async () => {
    const program = await evaluate({ responderTimeoutSeconds: 120 });
    assert.deepEqual(rulesOf(environmentOf(program)), ["Kill", "Empty the node"]);
  });

  it("leave out the same rules where such are to be left out, and the role has nothing for them", async () => {
    const program = await evaluate({ responderSkipBrokenRules: true });
    assert.deepEqual(program.outputs["rules"], ['Kill: "Netcat" -> kubernetes:terminate']);
    assert.deepEqual(rulesOf(environmentOf(program)), ["Kill"]);
    const role = program.resources.find(({ name }) => name === "responder-role")?.inputs["rules"];
    assert.doesNotMatch(JSON.stringify(role), /eviction|nodes/);
  });
});
