/**
 * Falco's priorities, most urgent first, as Falco writes them in an alert.
 * @see https://falco.org/docs/concepts/rules/basic-elements/#priority
 */
export const PRIORITIES = [
  "Emergency",
  "Alert",
  "Critical",
  "Error",
  "Warning",
  "Notice",
  "Informational",
  "Debug",
] as const;

export type Priority = (typeof PRIORITIES)[number];

/** The priority that `text` names, whatever its case; undefined where it names none. */
export function parsePriority(text: string): Priority | undefined {
  const wanted = text.trim().toLowerCase();
  return PRIORITIES.find((priority) => priority.toLowerCase() === wanted);
}

/** Above zero where `a` is more urgent than `b`, zero where they are the same. */
export function compareUrgency(a: Priority, b: Priority): number {
  return PRIORITIES.indexOf(b) - PRIORITIES.indexOf(a);
}

/** The next more urgent priority; Emergency stays Emergency. */
export function oneHigher(priority: Priority): Priority {
  return PRIORITIES[Math.max(0, PRIORITIES.indexOf(priority) - 1)] ?? priority;
}
