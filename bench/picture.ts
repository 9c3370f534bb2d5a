import type { Bench, Measurement } from "./measure.ts";
import { amount, machine, ratio } from "./report.ts";

const WIDTH = 860;
const LABELS = 250;
const BARS = 360;
const ROW = 34;

const STYLE = `
  text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .title { font-size: 17px; font-weight: 600; }
  .note { font-size: 12px; fill: #59636e; }
  .group { font-size: 12px; font-weight: 600; fill: #59636e; }
  .ratio { font-weight: 600; }
  .bar { fill: #0969da; }
  .bare { stroke: #9a6700; stroke-width: 2; }
  .bare-text { font-size: 12px; fill: #9a6700; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note, .group { fill: #9198a1; }
    .bar { fill: #4493f8; }
    .bare { stroke: #d29922; }
    .bare-text { fill: #d29922; }
  }
`;

/** A bar chart of the ratios to the bare client, as SVG that is readable on light and on dark pages. */
export function picture(bench: Bench): string {
  const parts: string[] = [];
  let y = 34;
  parts.push(text(16, y, "The responder against a client that only sends the DELETE", "title"));
  y += 22;
  parts.push(text(16, y, machine(bench.kubernetes), "note"));
  y += 20;
  for (const [title, less] of [
    ["less is better", true],
    ["more is better", false],
  ] as const) {
    const rows = bench.measurements.filter((measurement) => measurement.less === less);
    const most = Math.max(1, ...rows.map(({ responder, bare }) => responder / bare));
    y += 18;
    parts.push(text(16, y, title, "group"));
    const one = LABELS + BARS / most;
    parts.push(text(one, y, "bare client", "bare-text", "middle"));
    y += 10;
    const top = y - 4;
    for (const row of rows) {
      parts.push(...bar(row, y, most));
      y += ROW;
    }
    parts.push(`<line class="bare" x1="${one.toFixed(1)}" x2="${one.toFixed(1)}" y1="${top}" y2="${y - 6}"/>`);
    y += 10;
  }
  const height = y + 6;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Bar chart: the responder's latency, memory and throughput as ratios to a bare client">
<style>${STYLE}</style>
${parts.join("\n")}
</svg>
`;
}

function bar(row: Measurement, y: number, most: number): string[] {
  const length = (row.responder / row.bare / most) * BARS;
  const end = LABELS + Math.max(length, BARS / most);
  const middle = y + 16;
  return [
    text(16, middle, row.name),
    `<rect class="bar" x="${LABELS}" y="${y}" width="${length.toFixed(1)}" height="${ROW - 12}" rx="3"/>`,
    text(end + 10, middle, ratio(row), "ratio"),
    text(
      end + 20 + 9 * ratio(row).length,
      middle,
      `${amount(row.responder, row.unit)} against ${amount(row.bare, row.unit)}`,
      "note",
    ),
  ];
}

function text(x: number, y: number, content: string, style = "", anchor = "start"): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y}"${style && ` class="${style}"`}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}>${escaped}</text>`;
}
