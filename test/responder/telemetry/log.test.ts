import assert from "node:assert/strict";
import { log } from "../../../responder/telemetry/log.ts";
import { quietly } from "../quietly.ts";

describe("a line of the log", () => {
  const logged = quietly();
  const fieldsOf = () => JSON.parse(logged[0] ?? "") as Record<string, unknown>;

  it("is JSON, with level, time and message, and without what is undefined", () => {
    log("warning", "rejected", { status: 400, reason: undefined });
    const { time, ...rest } = fieldsOf();
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
    assert.deepEqual(rest, { level: "warning", message: "rejected", status: 400 });
  });

  for (const [what, text] of [
    ["control characters", "\u0000\u0007\b\u001b[2J\r\n\u007f"],
    ["C1 control characters", "\u0080\u009b2J\u009d0;title\u009c"],
    ["separators of lines", "\u2028\u2029"],
    ["what turns text around", "\u202a\u202e\u2066\u2069\u200f\u061c"],
    ["what can't be seen", "\u200b\u200d\ufeff\u00ad\u{e0041}"],
    ["halves of characters", "\ud800 \udc00"],
  ] as const) {
    it(`has no ${what} as they are, and loses none`, () => {
      log("info", text, { [text]: text, nested: [{ text }] });
      const [line = ""] = logged;
      assert.ok(line.endsWith("\n"));
      assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      const found = fieldsOf();
      assert.deepEqual([found["message"], found[text], found["nested"]], [text, text, [{ text }]]);
    });
  }

  it("leaves what people read as it is", () => {
    log("info", "größer 日本語 😀");
    assert.match(logged[0] ?? "", /größer 日本語 😀/);
  });

  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  for (const [what, value] of [
    ["circles", circular],
    ["whole numbers of any size", 1n],
    [
      "what can't be written",
      {
        toJSON: () => {
          throw new Error("never");
        },
      },
    ],
    ["nesting without end", Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], 0)],
  ] as const) {
    it(`is written all the same where a field holds ${what}`, () => {
      log("error", "failed", { value });
      assert.equal(logged.length, 1);
      const { level, message } = fieldsOf();
      assert.deepEqual([level, message], ["error", "failed"]);
    });
  }

  it("is no longer than a delivery is, for a text that is", () => {
    log("info", "large", { text: "x".repeat(10 * 1024 * 1024) });
    assert.ok((logged[0] ?? "").length < 1024 * 1024 + 200);
  });
});
