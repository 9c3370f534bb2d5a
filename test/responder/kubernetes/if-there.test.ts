import assert from "node:assert/strict";
import { ApiError } from "../../../responder/kubernetes/errors.ts";
import { ifThere } from "../../../responder/kubernetes/if-there.ts";

describe("what may not be there", () => {
  it("is what the request gives", async () => {
    assert.equal(await ifThere(Promise.resolve("it")), "it");
  });

  it("is undefined where the API itself says that it isn't", async () => {
    const error = new ApiError("status", "not found", { code: 404, reason: "NotFound" });
    const request: Promise<object> = Promise.reject(error);
    assert.equal(await ifThere(request), undefined);
  });

  const others: [string, Error][] = [
    ["a 404 that isn't the API's", new ApiError("not-kubernetes", "HTML", { code: 404 })],
    ["a 404 of another reason", new ApiError("status", "no such resource", { code: 404 })],
    ["another status", new ApiError("status", "no", { code: 403, reason: "NotFound" })],
    ["no answer", new ApiError("time-out", "no answer")],
    ["a defect", new TypeError("a bug")],
  ];
  for (const [what, error] of others) {
    it(`is not known by ${what}, which is thrown on`, async () => {
      await assert.rejects(ifThere(Promise.reject(error)), (thrown) => thrown === error);
    });
  }
});
