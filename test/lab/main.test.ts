import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ACTIONNERS } from "../../responder/actions/catalogue.ts";
import type { StepReport } from "../../lab/scenes/step-report.ts";
import type { Verdict } from "../../lab/verdict.ts";
import { ALERTS, useLabRuns, type Result } from "./lab-runs.ts";

describe("npm start", function () {
  this.timeout(300_000);
  const runs = useLabRuns();

  const steps = ({ lines }: Result): StepReport[] =>
    lines.filter(({ event }) => event === "alert") as unknown as StepReport[];
  const verdict = ({ lines }: Result): Verdict => lines.find(({ event }) => event === "verdict") as unknown as Verdict;

  it("plays the recorded alerts: the pods that have to go are gone, every other is there, and nothing is left behind", async () => {
    const result = await runs.run(["--json"]);
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(
      steps(result).map(({ outcome, gone }) => [outcome, ...gone.map(({ pod }) => pod)]),
      [
        ["terminated", "default/alpine"],
        ["replaced"],
        ["terminated", "default/alpine"],
        ["replaced"],
        ["no-match"],
        ["no-pod"],
        [undefined],
        [undefined],
        [undefined],
        [undefined],
        ["refused"],
        ["refused"],
        [undefined],
        ["terminated", "default/alpine"],
      ],
    );
    assert.deepEqual(
      steps(result).map(({ response }) => response?.rule === "Response: refused"),
      steps(result).map((_, index) => index === 10),
    );
    assert.deepEqual(
      steps(result)
        .map(({ requests }) => requests.map(({ verb, status }) => `${verb} ${status}`))
        .slice(0, 4),
      [["get 200", "delete 200", "create 201"], ["get 200"], ["delete 200", "create 201"], ["delete 409", "get 200"]],
    );
    const { ok, gone, there, wrong, forbidden } = verdict(result);
    assert.deepEqual({ ok, gone, there, wrong, forbidden }, { ok: true, gone: 3, there: 6, wrong: [], forbidden: [] });
    assert.deepEqual(await runs.leftOver(), []);
  });

  it("tells the same to people, without colours where there is no terminal", async () => {
    const { code, stdout } = await runs.run([]);
    assert.equal(code, 0);
    assert.match(stdout, /✓ 3 pods had to go and are gone; 6 pods had to stay and are there\./);
    assert.ok(!stdout.includes("\u001b"));
  });

  it("plays an alert for each action with --actions, answered as in its documentation", async () => {
    const result = await runs.run(["--json", "--actions"]);
    assert.equal(result.code, 0, result.stderr);
    const told = steps(result);
    assert.deepEqual(
      told.map(({ title }) => title),
      ACTIONNERS.map(({ name }) => name),
    );
    for (const { title, outcome, changes, outputs } of told) {
      assert.equal(outcome, title === "kubernetes:terminate" ? "terminated" : "done", title);
      const { givesOutput } = ACTIONNERS.find(({ name }) => name === title) ?? {};
      assert.deepEqual(
        outputs.map(({ actionner, bytes }) => [actionner, bytes > 0]),
        givesOutput ? [[title, true]] : [],
        title,
      );
      assert.ok(
        changes.some((change) => change.startsWith("created Event ")),
        title,
      );
    }
    const changesOf = (name: string): string[] =>
      told.find(({ title }) => title === name)?.changes.filter((change) => !change.includes(" Event ")) ?? [];
    assert.deepEqual(changesOf("kubernetes:cordon"), ["changed Node node-1"]);
    assert.deepEqual(changesOf("kubernetes:delete"), ["deleted ConfigMap shop/planted"]);
    assert.deepEqual(changesOf("kubernetes:label"), ["changed Pod shop/for-label"]);
    assert.match(
      changesOf("kubernetes:quarantine").join(),
      /^created NetworkPolicy shop\/quarantine-[^,]*,changed Pod shop\/for-quarantine$/,
    );
    assert.deepEqual(changesOf("kubernetes:exec"), []);
    assert.deepEqual(verdict(result).forbidden, []);
    assert.deepEqual(await runs.leftOver(), []);
  });

  it("plays one's own alerts by one's own rules, and says only what it can judge: that nothing else went", async () => {
    const rules = join(runs.folder, "rules.yaml");
    await writeFile(
      rules,
      `
- rule: what is urgent
  match: { priority: ">=Critical" }
  actions: [{ action: terminate, actionner: kubernetes:terminate, parameters: { grace_period_seconds: 5 } }]
`,
    );
    const alerts = await Promise.all(
      ["drop-and-execute", "outbound-c2"].map((name) => readFile(`${ALERTS}${name}.json`, "utf8")),
    );
    const result = await runs.run(
      ["--json", "--alerts", "-", "--rules", rules],
      alerts.map((text) => text.replaceAll(/\s*\n\s*/g, " ")).join("\n"),
    );
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(
      steps(result).map(({ expected, outcome, gone, ok }) => [expected, outcome, gone.map(({ pod }) => pod), ok]),
      [
        [undefined, "terminated", ["shop/web-0"], true],
        [undefined, "no-match", [], true],
      ],
    );
    assert.equal(verdict(result).writtenOut, false);
    const [started] = result.lines;
    assert.ok((started?.["pods"] as string[]).includes("bystanders/web-0"));
  });

  it("says how it is used", async () => {
    const { code, stdout } = await runs.run(["--help"]);
    assert.equal(code, 0);
    for (const option of ["--actions", "--alerts", "--rules", "--serve", "--json"]) assert.ok(stdout.includes(option));
  });

  const misuses: [text: string, args: string[], stdin: string, message: RegExp][] = [
    ["an unknown option", ["--fast"], "", /--fast/],
    ["a file that isn't there", ["--alerts", "/nowhere.json"], "", /--alerts: \/nowhere\.json can't be read/],
    [
      "the actions' own alerts and others",
      ["--actions", "--alerts", "-"],
      "",
      /--actions brings its own alerts and rules/,
    ],
    ["no alerts", ["--alerts", "-"], "", /standard input holds no alert/],
    [
      "a line that is no alert",
      ["--alerts", "-"],
      '{"rule":"x"}\nnonsense\n',
      /standard input, line 1 is no alert falcosidekick takes: priority/,
    ],
  ];
  for (const [text, args, stdin, message] of misuses) {
    it(`ends with 2 and a reason when given ${text}`, async () => {
      const { code, stderr } = await runs.run(args, stdin);
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.match(stderr, /--help/);
    });
  }

  it("ends with 1 and the program's own words when the rules can't be used", async () => {
    const rules = join(runs.folder, "broken.yaml");
    await writeFile(rules, "- rule: x\n  actions: [{ action: a, actionner: kubernetes:nothing }]\n");
    const { code, stderr } = await runs.run(["--rules", rules]);
    assert.equal(code, 1);
    assert.match(stderr, /broken\.yaml, entry 1[^]*kubernetes:nothing/);
  });
});
