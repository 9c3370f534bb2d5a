import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { actionsPage } from "./docs/actions.ts";
import { configurationPage } from "./docs/configuration.ts";
import { failuresPage } from "./docs/failures.ts";
import { rulesSchema } from "./docs/rules-schema.ts";

const HELP = `usage: npm run docs [-- --check]

Writes docs/configuration.md, docs/actions.md, the table in docs/failures.md and rules.schema.json from Pulumi.yaml and
the code.

--check  writes nothing; names those that are not as they would be written, and exits with 1 where there is one
`;

const ROOT = new URL("..", import.meta.url);

/** The files that are made from data which stands elsewhere, by their path in the repository. */
export async function generate(): Promise<Record<string, string>> {
  const schema = JSON.stringify(rulesSchema());
  return {
    "docs/configuration.md": configurationPage(readFileSync(new URL("Pulumi.yaml", ROOT), "utf8")),
    "docs/actions.md": actionsPage(),
    "docs/failures.md": failuresPage(readFileSync(new URL("docs/failures.md", ROOT), "utf8")),
    "rules.schema.json": await format(schema, { parser: "json", printWidth: 120 }),
  };
}

/** Paths of those that are not as they would be written. */
function staleOf(files: Readonly<Record<string, string>>, root: URL): string[] {
  return Object.entries(files)
    .filter(([path, text]) => {
      const file = new URL(path, root);
      return !existsSync(file) || readFileSync(file, "utf8") !== text;
    })
    .map(([path]) => path);
}

/**
 * @param root where the files are
 * @returns the exit code
 */
export async function run(args: string[], print: (text: string) => void, root = ROOT): Promise<number> {
  const options = { check: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
  const { values } = parseArgs({ args, options });
  if (values.help) {
    print(HELP);
    return 0;
  }
  const files = await generate();
  const stale = staleOf(files, root);
  if (values.check) {
    for (const path of stale) print(`${path} is not up to date; run \`npm run docs\`\n`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const path of stale) {
    const file = new URL(path, root);
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, files[path] ?? "");
    print(`wrote ${path}\n`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2), (text) => process.stdout.write(text));
