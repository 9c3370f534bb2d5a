import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyOf, rulesFrom } from "../../../responder/rules/folder.ts";
import { loadRules } from "../../../responder/rules/load.ts";

const SCRIPT = `
- rule: Look
  actions: [{action: Look, actionner: "kubernetes:script", parameters: {file: scripts/look.sh}}]
`;

describe("a folder of rules", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rules-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("gives its rules files in the order of their names, and no other file", () => {
    for (const name of ["10-b.yml", "00-a.yaml", keyOf("x.sh"), "notes.txt"]) writeFileSync(join(folder, name), name);
    assert.deepEqual(rulesFrom(folder).files, [
      { name: "00-a.yaml", text: "00-a.yaml" },
      { name: "10-b.yml", text: "10-b.yml" },
    ]);
  });

  it("reads what the rules name from beside them, whatever its path", () => {
    writeFileSync(join(folder, "rules.yaml"), SCRIPT);
    const { files, readFile } = rulesFrom(folder);
    assert.throws(() => loadRules(files, { readFile }), /parameters.file: "scripts\/look.sh" can't be read: ENOENT/);
    writeFileSync(join(folder, keyOf("scripts/look.sh")), "ps\n");
    assert.equal(loadRules(files, { readFile })[0]?.actions[0]?.actionner.name, "kubernetes:script");
    assert.equal(readFile("scripts/look.sh"), "ps\n");
  });

  it("that can't be read is an error that names the variable, its value and why", () => {
    assert.throws(() => rulesFrom("/nowhere/at/all"), {
      name: "EnvironmentError",
      message: /^RULES_DIR: "\/nowhere\/at\/all" can't be read: ENOENT/,
    });
  });
});
