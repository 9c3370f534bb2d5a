import assert from "node:assert/strict";
import { problem } from "../../../responder/receiver/answer.ts";

describe("a problem document", () => {
  it("says status and detail", () => {
    assert.deepEqual(problem(400, "not an alert"), {
      status: 400,
      headers: { "content-type": "application/problem+json" },
      body: '{"status":400,"detail":"not an alert"}\n',
    });
  });

  it("stays below the 768 bytes that Knative has room for, whatever the detail", () => {
    for (const character of ["x", '"', "\\", "\n", "é", "\u0000", "😀"]) {
      assert.ok(Buffer.byteLength(problem(503, character.repeat(5000)).body ?? "") < 768, JSON.stringify(character));
    }
  });
});
