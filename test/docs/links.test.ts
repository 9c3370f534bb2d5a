import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "../..");

/** Every page that people read, by its path in the repository. */
const PAGES = new Map(
  [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    ...readdirSync(join(ROOT, "docs"))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
  ].map((path) => [path, read(path)] as const),
);

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** What each page has of something, but for what is right. */
function wrong(found: (text: string, page: string) => Iterable<string>): string[] {
  return [...PAGES].flatMap(([page, text]) => [...new Set(found(text, page))].map((what) => `${page}: ${what}`));
}

/** Without blocks of code, in which brackets and `#` mean something else. */
function prose(text: string): string {
  return text.replace(/^```[^]*?^```$/gm, "");
}

/** What GitHub calls a heading in a link: lower case, spaces as dashes, no punctuation. */
function anchorsOf(text: string): Set<string> {
  const headings = [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** The texts between backticks that stand in a line. */
function codeIn(text: string): string[] {
  return [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

describe("the docs", () => {
  it("link to files and headings that are there", () => {
    const broken = wrong((text, page) =>
      [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => {
          if (/^https?:/.test(target)) return false;
          const [file = "", anchor] = target.split("#");
          const path = file === "" ? page : relative(ROOT, join(ROOT, dirname(page), file));
          if (!existsSync(join(ROOT, path))) return true;
          return anchor !== undefined && !anchorsOf(read(path)).has(anchor);
        }),
    );
    assert.deepEqual(broken, []);
  });

  it("name files and folders that are there", () => {
    const broken = wrong((text) =>
      codeIn(text)
        .filter((code) => /^(responder|stack|lab|cli|bench|tools|test|docs|\.ci)\/[\w./-]*$/.test(code))
        .filter((path) => !existsSync(join(ROOT, path))),
    );
    assert.deepEqual(broken, []);
  });

  it("name npm scripts that package.json has", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const broken = wrong((text) =>
      [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)]
        .map(([, script = "", short = script]) => short)
        .filter((script) => !(script in scripts)),
    );
    assert.deepEqual(broken, []);
  });

  it("name configuration keys that Pulumi.yaml declares, and outputs that index.ts exports", () => {
    const { config } = parse(read("Pulumi.yaml")) as { config: Record<string, unknown> };
    const outputs = [...read("index.ts").matchAll(/^export const (\w+)/gm)].map(([, name = ""]) => name);
    const known = new Set([...Object.keys(config), ...outputs]);
    const looksLikeKey = /^(?:knative:[a-z]\w*|(?:broker|falco|responder|registry|delivery)[A-Z]\w*)/;
    const broken = wrong((text) => [
      ...codeIn(text)
        .flatMap((code) => looksLikeKey.exec(code) ?? [])
        .filter((key) => !known.has(key)),
      ...[...text.matchAll(/pulumi config set ((?:--\w+ )*)'?([\w:]+)/g)]
        .map(([, , key = ""]) => key)
        .filter((key) => key !== "KEY" && !known.has(key)),
    ]);
    assert.deepEqual(broken, []);
  });

  it("set lists by path, as the CLI refuses them otherwise", () => {
    const { config } = parse(read("Pulumi.yaml")) as { config: Record<string, { type?: string }> };
    const structured = Object.keys(config).filter((key) => ["array", "object"].includes(config[key]?.type ?? ""));
    const broken = wrong((text) =>
      [...text.matchAll(/pulumi config set ((?:--\w+ )*)'?([\w:]+)/g)]
        .filter(([, flags = "", key = ""]) => structured.includes(key) && !flags.includes("--path"))
        .map(([command]) => command),
    );
    assert.deepEqual(broken, []);
  });

  it("fit on a page, as far as the README goes", () => {
    const lines = read("README.md").trimEnd().split("\n");
    assert.ok(lines.length <= 150, `README.md has ${lines.length} lines; it may have 150`);
  });

  it("say the Node that package.json asks for", () => {
    const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
    const [, least = ""] = /^>=(\d+)$/.exec(engines.node) ?? [];
    for (const page of ["README.md", "CONTRIBUTING.md"]) {
      assert.match(read(page), new RegExp(`Node\\.js ${least} or newer`), page);
    }
  });
});
