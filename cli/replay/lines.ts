import { AlertError, parseAlert, type Alert } from "../../responder/alerts/alert.ts";
import { isMap, parsed } from "../../responder/json.ts";
import { LIMITS } from "../../responder/limits.ts";

/**
 * The lines of a stream, one after the other; of one that is longer than any alert the start alone, which is none.
 * @param chunks text
 */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, LIMITS.body + 1);
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/**
 * The alert that a line holds, whatever stands before it: a line of Falco's with `json_output`, of its pod's log with
 * or without times and names before each line, of falcosidekick's log in debug mode. undefined for any other line.
 * @see https://github.com/falcosecurity/falcosidekick/blob/master/handlers.go
 */
export function alertIn(line: string): Alert | undefined {
  if (line.length > LIMITS.body) return undefined;
  const end = line.lastIndexOf("}");
  for (let start = line.indexOf("{"), tries = 0; start >= 0 && start < end && tries < 3; tries++) {
    const data = parsed(line.slice(start, end + 1));
    if (isMap(data)) return readAlert(data);
    start = line.indexOf("{", start + 1);
  }
  return undefined;
}

function readAlert(data: Record<string, unknown>): Alert | undefined {
  // a log of containers may hold each line as JSON of its own
  const { log } = data;
  if (typeof log === "string" && data["rule"] === undefined) return log.length < LIMITS.body ? alertIn(log) : undefined;
  try {
    return parseAlert(data);
  } catch (error) {
    if (error instanceof AlertError) return undefined;
    throw error;
  }
}
