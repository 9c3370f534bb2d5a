import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { generate } from "../../tools/docs.ts";
import { ACTIONNERS } from "../../responder/actions/catalogue.ts";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

describe("the README", () => {
  it("has its tables as `npm run docs` writes them", () => {
    assert.equal(read("README.md"), generate(read("README.md"), read("Pulumi.yaml")));
  });

  it("describes every actionner", () => {
    for (const { name } of ACTIONNERS) assert.match(read("README.md"), new RegExp(`#### \`${name}\``));
  });
});
