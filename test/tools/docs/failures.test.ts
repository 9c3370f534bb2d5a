import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ApiError, FAILURES, finalityOf } from "../../../responder/kubernetes/errors.ts";
import { failuresPage } from "../../../tools/docs/failures.ts";

const PAGE = "# Failures\n\n<!-- failures: npm run docs -->\nthe one before\n<!-- end -->\n\nmore\n";

/** Of each row of the table, its cells. */
function rowsOf(page: string): string[][] {
  const part = page.slice(page.indexOf("<!-- failures"), page.indexOf("<!-- end -->"));
  return [...part.matchAll(/^\| (.*) \|$/gm)].slice(2).map(([, cells = ""]) => cells.split(" | "));
}

describe("the table of failures", () => {
  it("takes the place of the one before it, and leaves the rest of the page", () => {
    const made = failuresPage(PAGE);
    assert.ok(made.startsWith("# Failures\n") && made.endsWith("<!-- end -->\n\nmore\n"));
    assert.doesNotMatch(made, /the one before/);
    assert.equal(failuresPage(made), made);
  });

  it("has a row for each of the responder's own, and for the statuses that it doesn't name", () => {
    assert.equal(rowsOf(failuresPage(PAGE)).length, FAILURES.length + 2);
  });

  it("says of every status what the responder does with it", () => {
    const page = readFileSync(new URL("../../../docs/failures.md", import.meta.url), "utf8");
    for (let code = 400; code < 600; code++) {
      const row =
        rowsOf(page).find(([what = ""]) => what.split(", ").includes(`${code}`)) ??
        rowsOf(page).find(([what]) => what === `another ${Math.floor(code / 100)}xx`);
      const isFinal = finalityOf(new ApiError("status", "", { code })) === "final";
      assert.equal(row?.[1], isFinal ? "200 and a reply one priority higher" : "503", `${code}`);
    }
  });

  it("changes with a row of the responder's", () => {
    const [first, ...others] = FAILURES;
    assert.ok(first);
    assert.notEqual(failuresPage(PAGE, [{ ...first, told: "final" }, ...others]), failuresPage(PAGE));
  });

  it("is refused where the page has no place for it", () => {
    for (const page of ["", "<!-- end -->\n<!-- failures: npm run docs -->\n"])
      assert.throws(() => failuresPage(page), /docs\/failures\.md has no <!-- failures/);
  });
});
