import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { readRules, type ReadOptions } from "../../../stack/responder/rules.ts";
import { StackError } from "../../../stack/stack-error.ts";
import { TERMINATE } from "../../responder/fixtures.ts";

describe("the stack's check of rules files", () => {
  const warnings: string[] = [];
  const { warn } = pulumi.log;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-stack-rules-"));
    warnings.length = 0;
    Object.assign(pulumi.log, {
      warn: (message: string) => {
        warnings.push(message);
        return Promise.resolve();
      },
    });
  });
  afterEach(() => {
    Object.assign(pulumi.log, { warn });
    rmSync(folder, { recursive: true });
  });

  function file(text: string | Buffer, name = "rules.yaml"): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }
  const read = (text: string | Buffer, options: Partial<ReadOptions> = {}) =>
    readRules([file(text)], { dryRun: false, timeoutSeconds: 60, ...options }).rules.map(({ name }) => name);
  const refused = (message: RegExp) => (error: unknown) => error instanceof StackError && message.test(error.message);

  it("warns at the terminal of what does nothing", () => {
    assert.deepEqual(read(`${TERMINATE}  notifiers: [slack]\n`), ["Terminate"]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /^The response rules: line 2 of .*rules.yaml, entry 1 .*notifiers.*falcoValues/);
  });

  it("refuses a rule that can't be used, or leaves it out and warns of it", () => {
    const text = `- rule: Broken\n${TERMINATE}`;
    assert.throws(() => read(text), refused(/^The response rules can't be used:\nline 1 of .*\(rule "Broken"\)/));
    assert.deepEqual(read(text, { skipBroken: true }), ["Terminate"]);
    assert.match(warnings[0] ?? "", /\(rule "Broken"\): left out: actions: is missing/);
  });

  it("refuses a rule whose actions may take longer than the service, with both numbers", () => {
    const text =
      "- rule: D\n  actions: [{action: D, actionner: 'kubernetes:drain', parameters: {max_wait_period: 90}}]\n";
    assert.throws(() => read(text), refused(/may take 90 s .* after 60 s/));
    assert.deepEqual(read(text, { timeoutSeconds: 120 }), ["D"]);
  });

  it("refuses a file that is no text or has more than a ConfigMap holds", () => {
    assert.throws(() => read(Buffer.from("fffe2d002000", "hex")), refused(/rules.yaml can't be read: it is not UTF-8/));
    assert.throws(() => read(`${TERMINATE}${"#".repeat(1024 * 1024)}`), refused(/it has more than 1048576 bytes/));
  });

  it("refuses files that have more together with those that they name", () => {
    const script = file("#".repeat(30_000), "script.sh");
    const action = (name: string) => `{action: ${name}, actionner: 'kubernetes:script', parameters: {file: ${script}}}`;
    const text = `- rule: S\n  actions: [${action("A")}]\n`;
    assert.deepEqual(read(text), ["S"]);
    const full = `${text}${"#".repeat(1024 * 1024 - 20_000)}\n`;
    assert.throws(() => read(full), refused(/have \d+ bytes; a ConfigMap holds 1048576: .*rules.yaml, .*script.sh/));
  });
});
