import assert from "node:assert/strict";
import { isMap, parsed } from "../../responder/json.ts";

describe("JSON of others", () => {
  it("is a map where it has keys", () => {
    for (const map of [{}, { a: 1 }, Object.create(null) as object]) assert.ok(isMap(map));
    for (const other of [null, undefined, [], "text", 7, true, () => ({})]) assert.ok(!isMap(other));
  });

  it("is what it says, and nothing where it is none", () => {
    assert.deepEqual(parsed('{"a":[1,null]}'), { a: [1, null] });
    assert.equal(parsed("null"), null);
    for (const text of ["", "{", "undefined", "<html>", "[".repeat(1_000_000), "\0"]) {
      assert.equal(parsed(text), undefined);
    }
  });
});
