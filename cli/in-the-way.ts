import { parseArgs } from "node:util";
import { connect } from "../stack/preflight/cluster.ts";
import { inTheWay } from "../stack/preflight/in-the-way.ts";

const HELP = `usage: npm run in-the-way [-- --context CONTEXT]

Before \`pulumi destroy\` of a stack that installed Knative: lists the objects of Knative's kinds that the stack didn't make.
Knative's controllers have to let go of them, and go with the stack; what they still hold then keeps Knative's definitions
from ever ending. Ends with 1 where there are any, with 2 where the cluster can't be asked.

  --context CONTEXT   of the kubeconfig; else its current one
`;

/** Milliseconds for all that is asked. */
const PATIENCE = 60_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { context: { type: "string" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const found = await inTheWay(
    await connect(values.context === undefined ? {} : { context: values.context }, AbortSignal.timeout(PATIENCE)),
  );
  if (found.length === 0) {
    process.stdout.write("Nothing is in the way.\n");
    return 0;
  }
  const commands = found.map(
    ({ resource, namespace, name }) =>
      `  kubectl delete ${resource} ${name}${namespace === undefined ? "" : ` --namespace ${namespace}`}\n`,
  );
  process.stdout.write(
    `In the way of \`pulumi destroy\`; delete them first, while Knative's controllers are there:\n${commands.join("")}`,
  );
  return 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`The cluster can't be asked: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
