import type { DeliveryReport, StepReport } from "../scenes/step-report.ts";
import type { Terminal } from "./terminal.ts";

/** Tells what became of one alert, in the order in which it went through the chain. */
export function tellStep(terminal: Terminal, number: number, report: StepReport): void {
  terminal.line(`${String(number).padStart(3)}  ${terminal.paint("bold", report.title)}`);
  terminal.row("alert", `${report.priority}: ${report.rule}`);
  for (const one of report.deliveries.filter(({ leg }) => leg !== "reply")) tellDelivery(terminal, one);
  if (report.deliveries.length === 0) terminal.row("Broker", "no Trigger wants it: the responder sleeps on");
  for (const { verb, path, status } of report.requests) {
    const what = path.replace(/^\/apis?\//, "").replace(/\?.*/, "");
    terminal.row("Kubernetes", `${verb} ${what}: ${status === 0 ? "no answer" : status}`);
  }
  for (const change of report.changes) terminal.row("", change);
  for (const { bytes, text } of report.outputs)
    terminal.row("output", `${bytes} bytes, to the Broker: ${firstLine(text)}`);
  if (report.response) terminal.row("response", `${report.response.priority}: ${report.response.output}`);
  if (report.status !== 202) {
    const answer = report.status === undefined ? "no answer" : `answered ${report.status}`;
    terminal.row("Broker", terminal.paint("red", answer), report.duration);
  }
  for (const { pod, after } of report.gone) terminal.row("pod", `${pod} is gone`, after);
  terminal.row(report.outcome ?? "", `${terminal.mark(report.ok)} ${conclusion(report)}`);
  for (const line of report.wrong) terminal.row("", terminal.paint("red", line));
  terminal.line();
}

function tellDelivery(terminal: Terminal, delivery: DeliveryReport): void {
  const { trigger, leg, attempts, status, error, duration } = delivery;
  const answer = status === undefined ? (error ?? "no answer") : `answered ${status}`;
  const text = `${trigger}: ${answer}${attempts === 1 ? "" : ` at attempt ${attempts}`}`;
  terminal.row(leg === "dead-letter" ? "dead letter" : "Trigger", text, duration);
}

function conclusion({ expected, gone, ok }: StepReport): string {
  const names = gone.map(({ pod }) => pod).join(", ");
  const went = gone.length === 0 ? "none went" : `${names} went`;
  if (expected === undefined) return ok && gone.length > 0 ? `${names} may go, and went` : went;
  const wish = expected.length === 0 ? "none had to go" : `${expected.join(", ")} had to go`;
  return `${wish}, ${gone.length > 0 && ok ? "and went" : went}`;
}

function firstLine(text: string): string {
  const [line = ""] = text.split("\n");
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}
