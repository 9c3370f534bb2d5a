import assert from "node:assert/strict";
import type { Outcome, Output, Step } from "../../../responder/actions/outcome.ts";
import { isDone, Progress } from "../../../responder/engine/progress.ts";

const output = (text: string): Output => ({ mediaType: "text/plain", text, truncated: false });
const step = (outcome: Outcome, text?: string): Step => ({
  rule: "R",
  action: "A",
  actionner: "kubernetes:log",
  outcome,
  message: "did it",
  ...(text !== undefined && { output: output(text) }),
});
const at = (key: string, rule = "R", action = 0) => ({ key, rule, action });

describe("what was done for an alert that isn't settled", () => {
  it("is known by the alert, the rule and the action's place in it", () => {
    const progress = new Progress();
    progress.done(at("a"), step("done"));
    assert.deepEqual(progress.doneBefore(at("a")), { step: step("done"), handedOn: false });
    for (const other of [at("b"), at("a", "S"), at("a", "R", 1), at('a","R', "R")]) {
      assert.equal(progress.doneBefore(other), undefined);
    }
  });

  it("keeps its output whole until it is handed on, and of it what a response shows afterwards", () => {
    const progress = new Progress();
    const text = "x".repeat(100_000);
    progress.done(at("a"), step("done", text));
    assert.equal(progress.doneBefore(at("a"))?.step.output?.text, text);
    progress.handedOn(at("a"), step("done", text));
    const kept = progress.doneBefore(at("a"));
    assert.equal(kept?.handedOn, true);
    assert.equal(kept.step.output?.text.length, 2048);
  });

  it("is forgotten, the oldest first, before it fills the memory", () => {
    const progress = new Progress();
    const text = "x".repeat(512 * 1024);
    for (let key = 0; key < 100; key++) progress.done(at(String(key)), step("done", text));
    const kept = Array.from({ length: 100 }, (_, key) => progress.doneBefore(at(String(key)))).filter(Boolean);
    assert.ok(kept.length > 5 && kept.length <= 8, `${kept.length} outputs`);
    assert.ok(progress.doneBefore(at("99")));
  });

  it("is forgotten after so many, however small", () => {
    const progress = new Progress();
    for (let key = 0; key < 20_000; key++) progress.done(at(String(key)), step("done"));
    assert.equal(progress.doneBefore(at("0")), undefined);
    assert.ok(progress.doneBefore(at("19999")));
  });
});

describe("a step", () => {
  const cases: [string, Step, boolean][] = [
    ["terminated", step("terminated"), true],
    ["gone", step("gone"), true],
    ["ignored", step("ignored"), true],
    ["failed, but with something to show for it", step("failed", "partly"), true],
    ["failed, a command that printed nothing", step("failed", ""), true],
    ["failed", step("failed"), false],
  ];
  for (const [what, one, done] of cases) {
    it(`that is ${what} is ${done ? "not run" : "run"} again`, () => {
      assert.equal(isDone(one), done);
    });
  }
});
