import assert from "node:assert/strict";
import { parseDuration, retryPolicy } from "../../../lab/broker/delivery.ts";

describe("a delivery's times", () => {
  it("are read as ISO 8601", () => {
    for (const [text, milliseconds] of Object.entries({
      "PT0.2S": 200,
      PT1M30S: 90_000,
      PT1H: 3_600_000,
      P1DT1S: 86_401_000,
      PT0S: 0,
    })) {
      assert.equal(parseDuration("timeout", text), milliseconds);
    }
    for (const text of ["", "P", "PT", "1s", "PT-1S", "0.2"])
      assert.throws(() => parseDuration("timeout", text), /^Error: timeout: /);
  });

  it("add up to about 205 seconds with Knative's defaults", () => {
    const { retries, backoff } = retryPolicy({ retry: 10, backoffPolicy: "exponential", backoffDelay: "PT0.2S" });
    assert.equal(
      Array.from({ length: retries }, (_, attempt) => backoff(attempt)).reduce((sum, wait) => sum + wait, 0),
      204_600,
    );
  });
});
