import assert from "node:assert/strict";
import { exampleFile } from "../../../responder/rules/example.ts";
import { ACTIONNERS } from "../../../responder/actions/catalogue.ts";
import { loadRules } from "../../../responder/rules/load.ts";

describe("every actionner", () => {
  it("has a name of its own", () => {
    assert.equal(new Set(ACTIONNERS.map(({ name }) => name)).size, ACTIONNERS.length);
  });

  for (const known of ACTIONNERS) {
    const { name } = known;
    it(`${name} has an example that is an entry of a rules file, and does what it says`, () => {
      const [rule] = loadRules([exampleFile(known)]);
      assert.equal(rule?.actions[0]?.actionner.name, name);
      assert.ok(rule.actions[0].prepared.permissions.length > 0);
    });
  }
});
