import assert from "node:assert/strict";
import { compareUrgency, oneHigher, parsePriority, PRIORITIES } from "../../../responder/alerts/priority.ts";

describe("a priority", () => {
  it("is one of Falco's, whatever its case", () => {
    for (const priority of PRIORITIES) {
      for (const text of [priority, priority.toLowerCase(), priority.toUpperCase(), ` ${priority}\n`]) {
        assert.equal(parsePriority(text), priority);
      }
    }
  });

  for (const text of ["", "Urgent", "Informationa", "Informational1", "info", "4", "constructor", "Critical,Alert"]) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(parsePriority(text), undefined);
    });
  }

  it("is compared by how urgent it is", () => {
    assert.ok(compareUrgency("Emergency", "Debug") > 0);
    assert.ok(compareUrgency("Notice", "Warning") < 0);
    assert.equal(compareUrgency("Error", "Error"), 0);
    assert.deepEqual(
      [...PRIORITIES].sort((a, b) => compareUrgency(b, a)),
      [...PRIORITIES],
    );
  });

  it("is raised by one, and no higher than the highest", () => {
    assert.deepEqual(PRIORITIES.map(oneHigher), [
      "Emergency",
      "Emergency",
      "Alert",
      "Critical",
      "Error",
      "Warning",
      "Notice",
      "Informational",
    ]);
  });
});
