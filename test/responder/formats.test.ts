import assert from "node:assert/strict";
import { FLAG, HTTP_URL, integer, list, NAMESPACE, NotAllowed, optional } from "../../responder/formats.ts";

function messageOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof NotAllowed);
    return error.message;
  }
  assert.fail("it was taken");
}

describe("a format", () => {
  it("of a number takes both its bounds, and nothing beyond or between", () => {
    const format = integer(1, 10);
    assert.deepEqual(["1", "10"].map(format.read), [1, 10]);
    for (const text of ["0", "11", "1.5", "1e1", "-1", " 1", "", "ten"])
      assert.equal(
        messageOf(() => format.read(text)),
        `"${text}" is not allowed; it takes a whole number from 1 to 10`,
      );
  });

  it("of a flag takes nothing but true and false", () => {
    assert.deepEqual(["true", "false"].map(FLAG.read), [true, false]);
    for (const text of ["", "TRUE", "1", "yes"])
      assert.match(
        messageOf(() => FLAG.read(text)),
        /true or false$/,
      );
  });

  it("of a namespace takes what Kubernetes does, a digit at its head too", () => {
    for (const name of ["a", "3scale", "kube-system", "x".repeat(63)]) assert.equal(NAMESPACE.read(name), name);
    for (const name of ["", "-a", "a-", "a.b", "A", "a/b", "..", "x".repeat(64)])
      assert.match(
        messageOf(() => NAMESPACE.read(name)),
        /Kubernetes name/,
        name,
      );
  });

  it("that is optional reads what is empty as nothing, and says so where it refuses", () => {
    const format = optional(HTTP_URL);
    assert.equal(format.read(""), undefined);
    assert.equal(format.read("http://a/"), "http://a/");
    assert.match(
      messageOf(() => format.read("a")),
      /^"a" is not allowed; it takes empty, or an absolute http/,
    );
  });

  it("of a list names the item that it refuses, or the whole where that is too short or none", () => {
    const format = list(NAMESPACE, 1);
    assert.deepEqual(format.read(["a", "b"]), ["a", "b"]);
    assert.match(
      messageOf(() => format.read(["a", "B"])),
      /^"B" is not allowed; it takes a list of 1 or more/,
    );
    assert.match(
      messageOf(() => format.read(["a", 1])),
      /^1 is not allowed/,
    );
    assert.match(
      messageOf(() => format.read([])),
      /^\[\] is not allowed/,
    );
    assert.match(
      messageOf(() => format.read("a")),
      /^"a" is not allowed/,
    );
    assert.match(
      messageOf(() => format.read(undefined)),
      /^"" is not allowed/,
    );
  });

  it("shows no password of a URL that it refuses, in a list neither", () => {
    const url = "ftp://robot:geheim@host/";
    for (const read of [() => HTTP_URL.read(url), () => list(HTTP_URL).read([url]), () => FLAG.read([url])])
      assert.match(messageOf(read), /^\[?"ftp:\/\/…@host\/"\]? is not allowed/);
  });
});
