import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shellAlert } from "../responder/fixtures.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const CORDON = "- rule: C\n  actions: [{action: C, actionner: 'kubernetes:cordon'}]\n";

describe("npm run rules", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-rules-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function run(args: readonly string[], input = "") {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["cli/rules.ts", ...args], {
      cwd: root,
      input,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it("check prints what rules would do, their role and their Trigger's filter", () => {
    const { status, stdout } = run(["check", "rules.yaml"]);
    assert.equal(status, 0);
    assert.match(stdout, /^1 rule in rules.yaml$/m);
    assert.match(stdout, /when the alert's rule is "Terminal shell in container"; k8s.ns.name!=kube-system and/);
    assert.match(stdout, /runs "Terminate the pod" \(kubernetes:terminate\)/);
    assert.match(stdout, /resources:\s+- pods\s+verbs:\s+- delete\s+- get/);
    assert.match(stdout, /rule: Terminal shell in container/);
  });

  it("check merges the files that it is given, in order", () => {
    const dry = file("dry.yaml", "- rule: Terminal shell in container\n  dry_run: true\n");
    const { status, stdout } = run(["check", "rules.yaml", dry]);
    assert.equal(status, 0);
    assert.match(stdout, /would run "Terminate the pod"/);
    assert.match(stdout, /rules: \[\]/);
  });

  it("check says what is wrong, and exits with 1", () => {
    const path = file("broken.yaml", "- rule: A\n  actions: [{action: B, actionner: 'aws:lambda'}]\n");
    const { status, stdout, stderr } = run(["check", path]);
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /broken.yaml, entry 1 \(rule "A"\).*"aws:lambda" is not supported/);
    assert.equal(run(["check", join(folder, "none.yaml")]).status, 1);
  });

  it("check warns on standard error of what does nothing", () => {
    const path = file("notify.yaml", `${CORDON}  notifiers: [slack]\n`);
    const { status, stdout, stderr } = run(["check", path]);
    assert.equal(status, 0);
    assert.match(stdout, /^1 rule in/);
    assert.match(stderr, /^warning: line 1 of .*notify.yaml, entry 1 .*notifiers.*falcoValues/);
  });

  it("check leaves out what can't be used with --skip-broken, and says so", () => {
    const path = file("one-broken.yaml", `- rule: A\n  actions: [{action: B, actionner: 'aws:lambda'}]\n${CORDON}`);
    assert.equal(run(["check", path]).status, 1);
    const { status, stdout, stderr } = run(["check", path, "--skip-broken"]);
    assert.equal(status, 0);
    assert.match(stdout, /^1 rule in/);
    assert.match(stderr, /^warning: .*entry 1 \(rule "A"\): left out: .*"aws:lambda" is not supported/);
  });

  it("check refuses actions that may take longer than the stack's service, or the one it is told of", () => {
    const path = file(
      "slow.yaml",
      "- rule: S\n  actions: [{action: D, actionner: 'kubernetes:drain', parameters: {max_wait_period: 90}}]\n",
    );
    const { status, stderr } = run(["check", path]);
    assert.equal(status, 1);
    assert.match(stderr, /may take 90 s .*after 60 s/);
    assert.equal(run(["check", path, "--timeout-seconds", "120"]).status, 0);
    for (const wrong of ["0", "1m", ""])
      assert.equal(run(["check", path, "--timeout-seconds", wrong]).status, 2, wrong);
  });

  it("explain says which rules answer an alert", () => {
    const path = file("alert.json", JSON.stringify(shellAlert()));
    const { status, stdout } = run(["explain", path]);
    assert.equal(status, 0);
    assert.match(stdout, /1 of 1 rules answer it/);
    assert.match(stdout, /✓ Terminal shell in container\n {4}runs "Terminate the pod"/);
  });

  it("explain says why the others don't, from standard input too", () => {
    const { status, stdout } = run(["explain", "-"], JSON.stringify(shellAlert({ "k8s.ns.name": "kube-system" })));
    assert.equal(status, 0);
    assert.match(stdout, /no rule answers it/);
    assert.match(
      stdout,
      /✗ Terminal shell in container\n {4}output_fields: k8s.ns.name!=kube-system does not hold \(it is "kube-system"\)/,
    );
  });

  it("explain takes other rules with --rules", () => {
    const rules = file(
      "rules.yaml",
      '- rule: Other\n  match: {priority: ">=Error"}\n  actions: [{action: B, actionner: "kubernetes:cordon"}]\n',
    );
    const { stdout } = run(["explain", "-", "--rules", rules], JSON.stringify(shellAlert()));
    assert.match(stdout, /✗ Other\n {4}priority: Notice is not >= Error/);
  });

  it("replay says what the rules would have done about alerts between other lines, as text or JSON", () => {
    const log = ["Falco initialized", JSON.stringify(shellAlert()), JSON.stringify(shellAlert({}, { uuid: "2" })), ""];
    const { status, stdout } = run(["replay", "-"], log.join("\n"));
    assert.equal(status, 0);
    assert.match(stdout, /^2 alerts in 3 lines, from 2026-11-23T16:31:56\.746Z/m);
    assert.match(stdout, /^ +1 +0 +1 +0 {2}Terminal shell in container$/m);
    const json = run(["replay", file("a.log", log.join("\n")), "--json", "--limit", "total=1/60", "--protected", "a"]);
    const report = JSON.parse(json.stdout) as Record<string, unknown>;
    assert.deepEqual(report["limits"], { workload: "10/600", namespace: "20/600", node: "20/600", total: "1/60" });
    assert.deepEqual(report["protectedNamespaces"], ["a"]);
  });

  it("replay says what can't be read or understood, and exits with 1 or 2", () => {
    const { status, stderr } = run(["replay", join(folder, "none.log")]);
    assert.equal(status, 1);
    assert.match(stderr, /none\.log: can't be read/);
    for (const wrong of [
      ["--since", "yesterday"],
      ["--limit", "pod=1/2"],
      ["--limit", "total"],
    ]) {
      assert.equal(run(["replay", "-", ...wrong]).status, 2, wrong.join(" "));
    }
    assert.equal(run(["replay"]).status, 2);
  });

  it("explain says what is no alert, and exits with 1", () => {
    for (const text of ["{", "{}"]) {
      const { status, stderr } = run(["explain", "-"], text);
      assert.equal(status, 1);
      assert.match(stderr, /^-: not an alert: /);
    }
  });

  it("tells its usage with --help, and on standard error with exit code 2 where it wasn't understood", () => {
    assert.match(run(["--help"]).stdout, /^usage: npm run rules/);
    for (const args of [[], ["check"], ["explain"], ["explain", "a", "b"], ["chek"], ["check", "--wrong"]]) {
      const { status, stderr } = run(args);
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, /usage: npm run rules/);
    }
  });
});
