import { parseArgs } from "node:util";

import { cacheFolder } from "./cache.ts";
import { tool } from "./find.ts";
import { isToolName, toolNames } from "./recipes.ts";

const help = `Finds or builds the programs that the integration suites run, and prints a line "name path" for each.

  node tools/main.ts [name…]

Names: ${toolNames.join(", ")}; all of them if none is given.

A program is taken from where an environment variable says it is (PULUMI_BIN, TEST_ASSET_ETCD,
TEST_ASSET_KUBE_APISERVER, or the folder KUBEBUILDER_ASSETS), from the PATH if its version will do, or
from the cache; else it is built with Go from the versions pinned in tools/*/go.mod. All of them
take about 15 minutes on two cores the first time. The cache is ${cacheFolder(process.env)}.
`;

const { values, positionals } = parseArgs({
  options: { help: { type: "boolean", short: "h" } },
  allowPositionals: true,
});
const names = positionals.filter(isToolName);
const unknown = positionals.filter((name) => !isToolName(name));

if (values.help) {
  process.stdout.write(help);
} else if (unknown.length > 0) {
  process.stderr.write(`No such program: ${unknown.join(", ")}.\n\n${help}`);
  process.exitCode = 2;
} else {
  try {
    // one after the other: they share most of what they compile
    for (const name of names.length > 0 ? names : toolNames) process.stdout.write(`${name} ${await tool(name)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
