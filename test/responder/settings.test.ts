import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentError, flagFrom, listFrom, portFrom, secondsFrom, urlFrom } from "../../responder/settings.ts";
import { rulesFrom } from "../../responder/rules/folder.ts";
import { keyOf } from "../../responder/rules/folder.ts";
import { loadRules } from "../../responder/rules/load.ts";

const NAME = "RESPONDER_TEST";

function withValue<T>(value: string | undefined, read: () => T): T {
  if (value !== undefined) process.env[NAME] = value;
  try {
    return read();
  } finally {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the test's own variable
    delete process.env[NAME];
  }
}

describe("the environment", () => {
  const taken: [string, (value: string | undefined) => unknown, [string | undefined, unknown][]][] = [
    [
      "seconds",
      () => secondsFrom(NAME, 60),
      [
        [undefined, 60],
        ["", 60],
        ["0", 0],
        ["3600", 3600],
      ],
    ],
    [
      "a port",
      () => portFrom(NAME, 8080),
      [
        [undefined, 8080],
        ["", 8080],
        ["0", 0],
        ["65535", 65535],
      ],
    ],
    [
      "a URL with a default",
      () => urlFrom(NAME, ""),
      [
        [undefined, ""],
        ["", ""],
        ["http://broker/x", "http://broker/x"],
      ],
    ],
    [
      "a flag",
      () => flagFrom(NAME),
      [
        [undefined, false],
        ["", false],
        ["false", false],
        ["true", true],
      ],
    ],
    [
      "a list",
      () => listFrom(NAME),
      [
        [undefined, []],
        ["", []],
        ["a, b,,c", ["a", "b", "c"]],
      ],
    ],
  ];
  for (const [what, read, values] of taken) {
    it(`gives ${what}`, () => {
      for (const [value, result] of values)
        assert.deepEqual(
          withValue(value, () => read(value)),
          result,
          value,
        );
    });
  }

  const refused: [string, () => unknown, string[], RegExp][] = [
    [
      "seconds",
      () => secondsFrom(NAME, 60),
      ["1.5", "-1", "1m", "123456"],
      /^RESPONDER_TEST: ".*" is not allowed; it takes a whole number of seconds$/,
    ],
    ["a port", () => portFrom(NAME, 1), ["65536", "http"], /^RESPONDER_TEST: ".*" is not a port; it takes 0 to 65535$/],
    [
      "a URL, with a default or without",
      () => urlFrom(NAME, ""),
      ["broker", "ftp://broker/", "/x"],
      /^RESPONDER_TEST: ".*" is not allowed; it takes an http or https URL$/,
    ],
    [
      "a URL that must be there",
      () => urlFrom(NAME),
      ["", "broker"],
      /^RESPONDER_TEST: ".*" is not allowed; it takes an http or https URL$/,
    ],
    [
      "a flag",
      () => flagFrom(NAME),
      ["yes", "1", "True"],
      /^RESPONDER_TEST: ".*" is not allowed; it takes true or false$/,
    ],
    [
      "a folder of rules",
      () => rulesFrom(NAME),
      ["/nowhere/at/all"],
      /^RESPONDER_TEST: "\/nowhere\/at\/all" can't be read: ENOENT/,
    ],
  ];
  for (const [what, read, values, message] of refused) {
    it(`refuses what is not ${what}, naming the variable, its value and what it takes`, () => {
      for (const value of values) {
        assert.throws(
          () => withValue(value, read),
          (error) => error instanceof EnvironmentError && message.test(error.message),
          value,
        );
      }
    });
  }

  describe("of a folder of rules", () => {
    const SCRIPT = `
- rule: Look
  actions: [{action: Look, actionner: "kubernetes:script", parameters: {file: scripts/look.sh}}]
`;
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "rules-"));
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    it("gives its rules files in the order of their names, and no other file", () => {
      for (const name of ["10-b.yml", "00-a.yaml", keyOf("x.sh"), "notes.txt"]) writeFileSync(join(folder, name), name);
      assert.deepEqual(withValue(folder, () => rulesFrom(NAME)).files, [
        { name: "00-a.yaml", text: "00-a.yaml" },
        { name: "10-b.yml", text: "10-b.yml" },
      ]);
    });

    it("reads what the rules name from beside them, whatever its path", () => {
      writeFileSync(join(folder, "rules.yaml"), SCRIPT);
      const { files, readFile } = withValue(folder, () => rulesFrom(NAME));
      assert.throws(() => loadRules(files, { readFile }), /parameters.file: "scripts\/look.sh" can't be read: ENOENT/);
      writeFileSync(join(folder, keyOf("scripts/look.sh")), "ps\n");
      assert.equal(loadRules(files, { readFile })[0]?.actions[0]?.actionner.name, "kubernetes:script");
      assert.equal(readFile("scripts/look.sh"), "ps\n");
    });
  });
});
