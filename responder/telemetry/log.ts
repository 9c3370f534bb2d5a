export type Level = "debug" | "info" | "warning" | "error";

/** Writes one line of JSON to standard output; what is undefined is left out. */
export function log(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ level, time: new Date().toISOString(), message, ...fields })}\n`);
}
