import { arch, availableParallelism, platform, totalmem } from "node:os";
import type { Bench, Measurement } from "./measure.ts";

/** "12.3 ms", "1,234 /s". */
export function amount(value: number, unit: Measurement["unit"]): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  const figure = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === "/s" ? `${figure}/s` : `${figure} ${unit}`;
}

/** "1.35×": the responder's part of what the bare client needs or does. */
export function ratio({ responder, bare }: Measurement): string {
  return `${(responder / bare).toFixed(2)}×`;
}

/** Where it was measured, in general terms. */
export function machine(kubernetes: string): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const date = new Date().toISOString().slice(0, 10);
  return `${availableParallelism()} cores, ${memory} GiB, ${platform()} ${arch()}, Node ${process.version}, Kubernetes ${kubernetes}; ${date}`;
}

/** The table for the terminal. */
export function table({ measurements }: Bench): string {
  const rows = [["", "responder", "bare client", "ratio"], ...measurements.map(cells)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("   "),
    )
    .join("\n");
}

/** The page of the docs. */
export function page(
  bench: Bench,
  { samples, concurrency, starts }: { samples: number; concurrency: number; starts: number },
): string {
  const rows = bench.measurements.map((measurement) => `| ${cells(measurement).join(" | ")} |`);
  return `# Bench

\`npm run bench\` writes this page: the responder's bundle, with the program's own role, against a real Kubernetes API
(etcd, kube-apiserver and its controllers on the same machine), beside a bare client: a Node process that only sends the
DELETE with the pod's UID as precondition, over connections that it keeps. Both in one run; read the ratios, as the figures
are the machine's.

![The responder against a bare client](bench.svg)

| | responder | bare client | ratio |
| --- | ---: | ---: | ---: |
${rows.join("\n")}

Machine: ${machine(bench.kubernetes)}.

- Delivery to answer: one alert at a time, from the HTTP request that delivers it to the end of the answer, with the DELETE at
  the API between them; ${samples} samples on each side, in turns.
- Settled with action: ${samples} alerts, ${concurrency} at a time, in turns, a pod deleted for each. Without action: no rule matches;
  its ratio is to the bare client's DELETEs.
- All of it shares the machine's cores: the API, its controllers, whoever delivers the alerts and, beside the responder but not
  beside the bare client, one process more. So throughput with action is a lower bound.
- Process start to first answer: median of ${starts} starts, the first pod's deletion included.
- Beside each DELETE the responder writes the Kubernetes Event that tells of it, after its answer; the bare client doesn't.
- Memory: resident set. Under load: the most it was in the two lines on settled alerts. Node sizes its heap by its
  container's limit, and there is none here: within the pod's it stays smaller.
`;
}

function cells(measurement: Measurement): [string, string, string, string] {
  const { name, unit, responder, bare } = measurement;
  return [name, amount(responder, unit), amount(bare, unit), ratio(measurement)];
}
