/** What an alert's output field must be, or must not be. */
export interface Condition {
  field: string;
  operator: "=" | "!=";
  /** Empty for a field that is not there. */
  value: string;
}

/**
 * `FIELD=VALUE` or `FIELD!=VALUE`. A field may have keys in brackets, such as `proc.aname[2]`. A value ends at a
 * comma, but for one in quotes, which are no part of it; within them `\"` is a quote and `\\` a backslash.
 */
const CONDITION = /\s*(\w[\w.-]*(?:\[[^\]]*\][\w.-]*)*)\s*(!?=)((?:[^",]|"(?:[^"\\]|\\.)*")*)(,|$)/sy;

/** The conditions of a text, with commas between them; undefined where it is something else. */
export function parseConditions(text: string): Condition[] | undefined {
  const conditions: Condition[] = [];
  CONDITION.lastIndex = 0;
  for (;;) {
    const [, field, operator, written = "", separator] = CONDITION.exec(text) ?? [];
    const value = valueOf(written.trim());
    if (!field || !operator || value === undefined) return undefined;
    conditions.push({ field, operator: operator as Condition["operator"], value });
    if (separator === "") return conditions;
  }
}

/** What Falco writes where it has no value is no value. */
const NONE = "<NA>";

function valueOf(written: string): string | undefined {
  if (written === "") return undefined;
  const value = written.replace(/"((?:[^"\\]|\\.)*)"/gs, (_all, quoted: string) => quoted.replace(/\\(["\\])/g, "$1"));
  return value === NONE ? "" : value;
}
