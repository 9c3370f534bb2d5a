import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { measure } from "./measure.ts";
import { picture } from "./picture.ts";
import { machine, page, table } from "./report.ts";

const HELP = `usage: npm run bench [-- options]

Measures the responder's bundle against a real Kubernetes control plane, beside a client that only sends the DELETE:
latency, throughput, memory and start. Prints a table, and writes it to docs/bench.md with a picture.

  --samples N      alerts per measurement (600)
  --concurrency N  alerts under way at a time where throughput is measured (32)
  --starts N       starts of the process (7)
  --out FOLDER     where bench.md and bench.svg go (docs)
  --help           this text
`;

function numberOf(name: string, value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new TypeError(`--${name} takes a whole number from 1; it is "${value}"`);
  return Number(value);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      samples: { type: "string", default: "600" },
      concurrency: { type: "string", default: "32" },
      starts: { type: "string", default: "7" },
      out: { type: "string", default: resolve(import.meta.dirname, "../docs") },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const scale = {
    samples: numberOf("samples", values.samples),
    concurrency: numberOf("concurrency", values.concurrency),
    starts: numberOf("starts", values.starts),
  };
  const bench = await measure({ ...scale, progress: (what) => process.stderr.write(`${what} …\n`) });
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, "bench.md"), page(bench, scale));
  writeFileSync(join(values.out, "bench.svg"), picture(bench));
  process.stdout.write(
    `\n${table(bench)}\n\n${machine(bench.kubernetes)}\n${join(values.out, "bench.md")}, bench.svg\n`,
  );
}

try {
  await main();
} catch (error) {
  const mistaken = error instanceof TypeError;
  process.stderr.write(
    `${error instanceof Error ? (mistaken ? error.message : (error.stack ?? error.message)) : String(error)}\n${mistaken ? "--help tells the options.\n" : ""}`,
  );
  process.exitCode = mistaken ? 2 : 1;
}
