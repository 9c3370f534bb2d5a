import assert from "node:assert/strict";
import {
  flag,
  list,
  noFiles,
  ParameterError,
  positive,
  read,
  text,
  wholeNumber,
} from "../../../responder/actions/parameters.ts";

describe("a parameter", () => {
  it("is its default where it isn't given, or an error where it is needed", () => {
    assert.equal(read("a", undefined, flag("a flag"), noFiles), false);
    assert.equal(read("a", null, text("a text", "any text", "otherwise"), noFiles), "otherwise");
    assert.throws(
      () => read("a", undefined, { ...flag("a flag"), required: true }, noFiles),
      new ParameterError("parameters.a: is missing; it takes true or false"),
    );
  });

  it("is named with its value and what is allowed where it can't be taken", () => {
    assert.throws(
      () => read("a", "maybe", flag("a flag"), noFiles),
      new ParameterError('parameters.a: "maybe" is not allowed; it takes true or false'),
    );
    assert.throws(() => read("a", "", text("a text", "any text"), noFiles), ParameterError);
  });

  it("takes a flag as a word too, as falco-talon's files have it", () => {
    for (const [value, wanted] of [
      [true, true],
      ["true", true],
      [false, false],
      ["false", false],
    ] as const)
      assert.equal(read("a", value, flag("a flag"), noFiles), wanted);
  });

  it("takes a list whose every item is allowed, and no other", () => {
    const names = list("names", "names", (name) => (name === "bad" ? undefined : name));
    assert.deepEqual(read("a", ["x", "y"], names, noFiles), ["x", "y"]);
    for (const value of [["x", "bad"], ["x", 1], "x", { 0: "x" }])
      assert.throws(() => read("a", value, names, noFiles), ParameterError);
  });

  it("takes whole numbers that a number holds, in digits", () => {
    assert.deepEqual([0, "7", 999_999_999].map(wholeNumber), [0, 7, 999_999_999]);
    for (const value of [-1, 1.5, 1e9, 1e21, NaN, "1e3", "", " 1", "0x10", true, null, [1]])
      assert.equal(wholeNumber(value), undefined);
    const { parse } = positive("seconds");
    assert.equal(parse(0, noFiles), undefined);
    assert.equal(parse("3", noFiles), 3);
  });
});
