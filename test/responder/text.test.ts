import assert from "node:assert/strict";
import { cut, end, plain, printed, start } from "../../responder/text.ts";

const SAMPLES = ["", "a", "größer", "日本語", "😀😀😀", "a😀ö日", "\ud800", "x\udc00y", "e\u0301".repeat(20)];

describe("text that fits", () => {
  for (const text of SAMPLES) {
    it(`is whole, or begins or ends at a whole character: ${JSON.stringify(text)}`, () => {
      const whole = Buffer.from(text).toString();
      for (let limit = 3; limit <= Buffer.byteLength(text) + 3; limit++) {
        const [first, last, short] = [start(text, limit), end(text, limit), cut(text, limit)];
        for (const part of [first, last, short]) assert.ok(Buffer.byteLength(part) <= limit);
        assert.ok(whole.startsWith(Buffer.from(first).toString()));
        assert.ok(whole.endsWith(Buffer.from(last).toString()));
        assert.ok(Buffer.byteLength(first) > limit - 4 || first === text || first === whole);
        assert.equal(short.endsWith("…"), Buffer.byteLength(text) > limit);
      }
    });
  }

  it("is nothing where there is room for none", () => {
    assert.deepEqual([start("abc", 0), end("abc", 0)], ["", ""]);
  });
});

describe("text for people", () => {
  it("is on one line, and holds nothing that a terminal obeys or that turns, hides or breaks it", () => {
    const text = "a\u001b[2J\n\r\t\u0000\u007f\u009b\u202e\u2066\u200b\ufeff\u2028\u2029\ud800\ue000b";
    assert.match(plain(text), /^a[\ufffd[2J]+b$/);
  });

  it("is as it was where it is harmless", () => {
    for (const text of ["", 'pods "a" not found', "größer 日本語 😀 — “quoted”"]) assert.equal(plain(text), text);
  });

  it("is bounded in bytes, and says where something is missing", () => {
    for (const text of [
      "x".repeat(5000),
      "ö".repeat(5000),
      "😀".repeat(5000),
      "\u001b".repeat(1_000_000),
      "\u{e0041}".repeat(5000),
    ]) {
      const found = plain(text, 100);
      assert.ok(Buffer.byteLength(found) <= 100);
      assert.ok(Buffer.byteLength(found) > 90);
      assert.ok(found.endsWith("…"));
    }
  });
});

describe("what a program printed", () => {
  for (const [what, given, text] of [
    ["colours", "\u001b[1;31mred\u001b[0m", "red"],
    ["a title ended by a bell", "\u001b]0;title\u0007text", "text"],
    ["a title ended by a sequence", "\u001b]0;title\u001b\\text", "text"],
    ["device control", "\u001bPq#0\u001b\\text", "text"],
    ["other sequences", "\u001b(B\u001b=\u001bctext", "text"],
    ["lines of DOS", "a\r\nb\rc\n", "a\nbc\n"],
    ["tabs", "a\tb", "a\tb"],
    ["bells and nulls", "a\u0007\u0000\b\u007fb", "ab"],
    ["C1", "a\u009b2Jb", "a2Jb"],
    ["an escape that nothing follows", "a\u001b", "a"],
    ["a sequence that breaks off", "a\u001b[31", "a[31"],
  ] as const) {
    it(`is without ${what}`, () => {
      assert.equal(printed(given), text);
    });
  }

  // what took a minute for half a megabyte where the work grew with the square; mocha's own time is the bound
  const MIB = 1024 * 1024;
  for (const [what, part, left] of [
    ["titles that never end", "\u001b]a;", "a;"],
    ["titles within titles", "\u001b]\u001b]", ""],
    ["device control that never ends", "\u001bPa", "a"],
    ["colours that never end", "\u001b[1;", "[1;"],
    ["colours with spaces that never end", "\u001b[1 ", "[1 "],
    ["escapes alone", "\u001b", ""],
    ["intermediates that never end", "\u001b((", "(("],
    ["returns", "\r", ""],
  ] as const) {
    it(`is cleaned in no time of a mebibyte of ${what}`, () => {
      const times = Math.ceil(MIB / part.length);
      assert.equal(printed(part.repeat(times)), left.repeat(times));
    });
    it(`is cleaned in no time of one such, and a mebibyte after it: ${what}`, () => {
      for (const filler of ["x", " ", "0", ";", "("]) {
        const text = printed(part + filler.repeat(MIB));
        assert.ok(text.length <= MIB + part.length);
        assert.ok(!text.includes("\u001b"));
      }
    });
  }
});
