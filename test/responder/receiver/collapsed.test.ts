import assert from "node:assert/strict";
import { Collapsed } from "../../../responder/receiver/collapsed.ts";
import { Minutes } from "./minutes.ts";

describe("what may come in any number", () => {
  let told: [last: string, count: number][];
  let minutes: Minutes;
  let collapsed: Collapsed<string>;

  beforeEach(() => {
    told = [];
    minutes = new Minutes();
    collapsed = new Collapsed<string>((last, count) => told.push([last, count]), minutes.later);
  });

  it("is told at once when it is the first", () => {
    collapsed.note("a");
    assert.deepEqual(told, [["a", 1]]);
  });

  it("is told together at the minute's end when it follows within the minute", () => {
    for (const one of ["a", "b", "c", "d"]) collapsed.note(one);
    assert.deepEqual(told, [["a", 1]]);
    minutes.pass();
    assert.deepEqual(told.slice(1), [["d", 3]]);
  });

  it("is never told twice within a minute, however long it goes on", () => {
    for (let minute = 0; minute < 5; minute++) {
      for (let one = 0; one < 1000; one++) collapsed.note("x");
      minutes.pass();
    }
    assert.equal(told.length, 6);
    assert.equal(
      told.reduce((sum, [, count]) => sum + count, 0),
      5000,
    );
  });

  it("is told at once again after a minute without any", () => {
    collapsed.note("a");
    minutes.pass();
    minutes.pass();
    assert.deepEqual(told, [["a", 1]]);
    collapsed.note("b", 7);
    assert.deepEqual(told.slice(1), [["b", 7]]);
  });

  it("says how many there have been within the minute", () => {
    assert.deepEqual([collapsed.note("a"), collapsed.note("b", 3), collapsed.note("c")], [1, 4, 5]);
    minutes.pass();
    minutes.pass();
    assert.equal(collapsed.note("d"), 1);
  });
});
