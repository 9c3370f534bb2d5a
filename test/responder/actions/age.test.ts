import assert from "node:assert/strict";
import { isYounger } from "../../../responder/actions/age.ts";

const RAISED = Date.parse("2026-11-23T16:31:56.746Z");
const made = (creationTimestamp: unknown) => ({ metadata: { creationTimestamp } });

describe("whether an object is younger than an alert", () => {
  it("is told by whole seconds, as the API keeps them: one of the same second may have raised it", () => {
    assert.equal(isYounger(made("2026-11-23T16:31:57Z"), RAISED), true);
    assert.equal(isYounger(made("2026-11-23T16:31:56Z"), RAISED), false);
    assert.equal(isYounger(made("2020-01-01T00:00:00Z"), RAISED), false);
  });

  it("is not known where either has no time, or none that is one", () => {
    for (const time of [undefined, null, "", "yesterday", 1, {}])
      assert.equal(isYounger(made(time), RAISED), undefined);
    assert.equal(isYounger({}, RAISED), undefined);
    assert.equal(isYounger(made("2020-01-01T00:00:00Z"), undefined), undefined);
  });
});
