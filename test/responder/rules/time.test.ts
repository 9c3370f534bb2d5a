import assert from "node:assert/strict";
import { loadRules } from "../../../responder/rules/load.ts";

const action = (actionner: string, parameters: string, more = "") =>
  `{action: ${actionner}, actionner: "kubernetes:${actionner}", parameters: {${parameters}}${more}}`;

function load(actions: readonly string[], timeoutSeconds?: number) {
  return loadRules([{ name: "r.yaml", text: `- rule: R\n  actions: [${actions.join(", ")}]\n` }], { timeoutSeconds });
}

describe("the time that a rule's actions may take", () => {
  const drain = action("drain", "max_wait_period: 90");
  const exec = action("exec", "command: ls, timeout_seconds: 600");
  const script = action("script", "script: ls");

  it("is no longer than the service has for an alert, or is told with both", () => {
    assert.throws(
      () => load([drain], 60),
      /^RulesError: line 1 of r.yaml, entry 1 \(rule "R"\): actions: may take 90 s \("drain" 90 s\), and the service gives an alert up after 60 s; .*responderTimeoutSeconds/,
    );
    assert.equal(load([drain], 91).length, 1);
    assert.throws(() => load([drain], 90), /may take 90 s/, "what the API takes comes on top");
  });

  it("adds up, as they run one after the other", () => {
    assert.throws(() => load([drain, exec], 690), /may take 690 s \("drain" 90 s, "exec" 600 s\).*after 690 s/);
    assert.equal(load([drain, exec], 691).length, 1);
  });

  it("counts the time that an action has by default", () => {
    assert.throws(() => load([script], 20), /may take 20 s/);
  });

  it("ends with the action that none follows", () => {
    assert.equal(load([action("terminate", "grace_period_seconds: 3600"), exec], 60).length, 1);
    assert.equal(load([action("drain", "max_wait_period: 30", ", continue: false"), exec], 60).length, 1);
  });

  it("is nothing for actions that wait for nothing, and unknown without the service's", () => {
    assert.equal(load([action("cordon", ""), action("terminate", "")], 1).length, 1);
    assert.equal(load([drain, exec]).length, 1);
  });
});
