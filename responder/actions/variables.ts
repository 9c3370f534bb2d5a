import type { Alert } from "../alerts/alert.ts";

/**
 * What a command may say for a value of the alert: `${FD_NAME}` for the output field `fd.name`, `${RULE}` and so on.
 * @see https://docs.falco-talon.org/docs/actionners/list/#kubernetesexec
 */
export function variablesOf(alert: Alert, context: ReadonlyMap<string, string>): Map<string, string> {
  const named = [...alert.fields, ...context].map(([key, value]): [string, string] => [nameOf(key), value]);
  return new Map([
    ...named,
    ["PRIORITY", alert.priority],
    ["HOSTNAME", alert.hostname ?? ""],
    ["RULE", alert.rule],
    ["SOURCE", alert.source],
    ["TAGS", alert.tags.join(",")],
  ]);
}

/**
 * The lines of a POSIX shell that set the variables that a text uses. What an attacker chose, such as a file's name,
 * is a value of the shell's, never a part of the command; no shell's value holds a NUL.
 */
export function assignments(text: string, variables: ReadonlyMap<string, string>): string {
  const used = new Set([...text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = ""]) => name));
  const lines = [...variables]
    .filter(([name]) => used.has(name))
    .map(([name, value]) => `export ${name}='${value.replaceAll("\0", "").replaceAll("'", "'\\''")}'\n`);
  return lines.join("");
}

/** `proc.aname[2]` is PROC_ANAME_2. */
function nameOf(field: string): string {
  return field
    .toUpperCase()
    .replaceAll("]", "")
    .replace(/[^A-Z0-9]/g, "_");
}
