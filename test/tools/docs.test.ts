import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { generate, run } from "../../tools/docs.ts";

describe("npm run docs", () => {
  let folder: string;
  let printed: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-docs-"));
    printed = "";
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function docs(...args: string[]): Promise<number> {
    return await run(args, (text) => (printed += text), pathToFileURL(`${folder}/`));
  }

  for (const path of ["docs/configuration.md", "docs/actions.md", "docs/failures.md", "rules.schema.json"]) {
    it(`has written ${path} since what it is made from has changed`, async () => {
      const { [path]: made = "" } = await generate();
      assert.equal(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"), made, "run `npm run docs`");
    });
  }

  it("writes every file, and with --check finds nothing to say then", async () => {
    assert.equal(await docs(), 0);
    printed = "";
    assert.equal(await docs("--check"), 0);
    assert.equal(printed, "");
  });

  it("names with --check what is not as it would be written, and ends with 1", async () => {
    await docs();
    appendFileSync(join(folder, "docs/actions.md"), "more\n");
    rmSync(join(folder, "rules.schema.json"));
    printed = "";
    assert.equal(await docs("--check"), 1);
    assert.deepEqual(printed.split("\n"), [
      "docs/actions.md is not up to date; run `npm run docs`",
      "rules.schema.json is not up to date; run `npm run docs`",
      "",
    ]);
  });

  it("says with --help which files it writes", async () => {
    assert.equal(await docs("--help"), 0);
    for (const path of Object.keys(await generate())) assert.ok(printed.includes(path), path);
  });
});
