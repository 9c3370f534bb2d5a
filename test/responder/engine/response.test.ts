import assert from "node:assert/strict";
import type { Outcome, Step } from "../../../responder/actions/outcome.ts";
import { responsePayload } from "../../../responder/engine/response.ts";
import { alert, cluster, TERMINATE } from "../fixtures.ts";
import { APP, responseOf, type FakeCluster } from "./given.ts";

const step = (more: Partial<Step> = {}): Step => ({
  rule: "R",
  action: "A",
  actionner: "kubernetes:log",
  outcome: "done",
  message: "did it",
  ...more,
});

describe("a response's payload", () => {
  const outcomes: Outcome[] = [
    "terminated",
    "done",
    "ignored",
    "gone",
    "replaced",
    "deduplicated",
    "no-pod",
    "dry-run",
    "failed",
  ];
  for (const outcome of outcomes) {
    const raised = outcome === "failed";
    it(`of what is ${outcome} is ${raised ? "one priority higher than" : "as urgent as"} the alert`, () => {
      const { priority, output_fields } = responsePayload(alert(), [step({ outcome })], outcome);
      assert.equal(priority, raised ? "Warning" : "Notice");
      assert.equal(output_fields["response.outcome"], outcome);
    });
  }

  it("of what was done with a shortcoming is one priority higher", () => {
    const { priority } = responsePayload(alert(), [step(), step({ shortcoming: true })], "done");
    assert.equal(priority, "Warning");
  });

  it("names each rule, action and actionner once", () => {
    const steps = [step(), step({ action: "B" }), step({ rule: "S", actionner: "kubernetes:exec" })];
    const { rule, output_fields } = responsePayload(alert(), steps, "done");
    assert.equal(rule, "Response: R, S");
    assert.equal(output_fields["response.action"], "A, B");
    assert.equal(output_fields["response.actionner"], "kubernetes:log, kubernetes:exec");
  });

  it("stays on one line and bounded, whatever the alert holds", () => {
    const text = "\u001b[31m\n\u202e\u2028".repeat(100_000);
    const hostile = alert({}, { rule: text, uuid: text, hostname: text });
    const payload = responsePayload(hostile, [step({ message: "x".repeat(100_000) })], "done");
    const { output, output_fields, hostname = "" } = payload;
    for (const said of [output, output_fields["alert.rule"] ?? "", output_fields["alert.uuid"] ?? "", hostname]) {
      assert.doesNotMatch(said, /[\p{Cc}\p{Cf}\u2028]/u);
    }
    assert.ok(Buffer.byteLength(JSON.stringify(payload)) < 16 * 1024);
  });
});

describe("an output's excerpt in the response", () => {
  const EXCERPT = 2048;
  const LOG = '- rule: R\n  actions: [{action: L, actionner: "kubernetes:log"}]';
  const excerpt = async (on: FakeCluster, yaml = LOG) =>
    (await responseOf(on, yaml)).response.output_fields["response.output"];

  it("is whole up to the limit", async () => {
    assert.equal(await excerpt(cluster({ pod: APP, log: () => "x".repeat(EXCERPT) })), "x".repeat(EXCERPT));
  });

  it("is the end of a text", async () => {
    const text = `old${"x".repeat(EXCERPT - 3)}new`;
    assert.equal(
      await excerpt(cluster({ pod: APP, log: () => text })),
      `(3 more characters before this) …${"x".repeat(EXCERPT - 3)}new`,
    );
  });

  it("is the start of JSON", async () => {
    const found =
      (await excerpt(
        cluster({ pod: APP, log: () => "x".repeat(EXCERPT) }),
        '- rule: R\n  actions: [{action: E, actionner: "kubernetes:evidence"}]',
      )) ?? "";
    assert.match(found, /^\{"pod":\{"metadata":.*x… \(\d+ more characters\)$/s);
    assert.equal(found.indexOf("…"), EXCERPT);
  });

  it("has a heading for each of several", async () => {
    const two = `
- rule: R
  actions:
    - {action: Keep the log, actionner: "kubernetes:log"}
    - {action: Look, actionner: "kubernetes:exec", parameters: {command: ls}}
    - {action: End, actionner: "kubernetes:terminate"}
`;
    const on = cluster({ pod: APP, log: () => "a\n", exec: () => ({ output: "bin\n", truncated: false }) });
    assert.equal(await excerpt(on, two), "==> Keep the log <==\na\n\n==> Look <==\nbin\n");
  });

  it("is not there where the output is empty, or where there is none", async () => {
    assert.equal(await excerpt(cluster({ pod: APP })), undefined);
    assert.equal(await excerpt(cluster({}), TERMINATE), undefined);
  });
});
