/** A program is not to be had: says what is wrong and, on the lines after it, what to do about it. */
export class ToolError extends Error {
  override readonly name = "ToolError";

  constructor(what: string, ...remedy: string[]) {
    super([what, ...remedy].join("\n  "));
  }
}
