import assert from "node:assert/strict";
import { ACTIONNERS } from "../../../responder/actions/catalogue.ts";
import { actionsPage } from "../../../tools/docs/actions.ts";

describe("the page on the actions", () => {
  const [head = "", ...sections] = actionsPage().split(/^## /m);

  it("has a section for every actionner, in the catalogue's order, which its first table links", () => {
    assert.deepEqual(
      sections.map((text) => text.split("\n")[0]),
      ACTIONNERS.map(({ name }) => `\`${name}\``),
    );
    for (const { name } of ACTIONNERS) assert.ok(head.includes(`[\`${name}\`](#${name.replace(":", "")})`), name);
  });

  for (const { name, example, parameters, targets } of ACTIONNERS) {
    it(`tells of ${name} its parameters, an example, what the alert has to say and what it needs`, () => {
      const section = sections.find((text) => text.startsWith(`\`${name}\``)) ?? "";
      assert.ok(section.includes(`\`\`\`yaml\n${example}\`\`\``));
      for (const key of Object.keys(parameters)) assert.match(section, new RegExp(`^\\| \`${key}\` \\|`, "m"));
      const fields = { pod: "k8s.pod.name", node: "hostname", object: "ka.target.name" };
      for (const target of targets) assert.ok(section.includes(`\`${fields[target]}\``), target);
      assert.match(section, /needs `[a-z`, ]+` on [a-z]/);
    });
  }
});
