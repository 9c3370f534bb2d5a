import assert from "node:assert/strict";
import { ACTIONNERS } from "../../../responder/actions/index.ts";
import { loadRules } from "../../../responder/rules.ts";

describe("every actionner", () => {
  it("has a name of its own", () => {
    assert.equal(new Set(ACTIONNERS.map(({ name }) => name)).size, ACTIONNERS.length);
  });

  for (const { name, example } of ACTIONNERS) {
    it(`${name} has an example that is an entry of a rules file, and does what it says`, () => {
      const text = `${example}- rule: Example\n  actions: [${/action: (.*)/.exec(example)?.[0] ? `{action: ${/action: (.*)/.exec(example)?.[1] ?? ""}}` : ""}]\n`;
      const [rule] = loadRules([{ name: "example", text }]);
      assert.equal(rule?.actions[0]?.actionner.name, name);
      assert.ok(rule.actions[0].prepared.permissions.length > 0);
    });
  }
});
