/** The lab: plays alerts through the real program and the real responder, on this machine, with no cluster. */
import { readOptions, USAGE, UsageError } from "./options.ts";
import { reasonOf } from "./reason.ts";
import { jsonReporter } from "./report/json.ts";
import { textReporter } from "./report/text.ts";
import { run } from "./run.ts";
import { AlertsError } from "./scenes/recorded.ts";

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const write = (content: string): void => {
    process.stdout.write(content);
  };
  if (options === "help") {
    write(USAGE);
    return 0;
  }
  const colours = process.stdout.isTTY && !process.env["NO_COLOR"];
  const reporter = options.json ? jsonReporter(write) : textReporter(write, colours);
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      interruption.abort(signal);
    });
  try {
    return await run(options, reporter, interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    return options.serve ? 0 : 130;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const misused = error instanceof UsageError || error instanceof AlertsError;
  process.stderr.write(`${reasonOf(error)}\n${misused ? "npm start -- --help says how the lab is used.\n" : ""}`);
  process.exitCode = misused ? 2 : 1;
}
