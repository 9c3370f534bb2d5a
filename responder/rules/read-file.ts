import { closeSync, openSync, readSync } from "node:fs";
import { LIMITS } from "./limits.ts";

/**
 * The text of a rules file, or of one that a rule names.
 * @throws {Error} for one that can't be read, has more bytes than rules files may have, or is not UTF-8
 */
export function readRulesFile(path: string): string {
  const bytes = Buffer.alloc(LIMITS.bytes + 1);
  let length = 0;
  const file = openSync(path, "r");
  try {
    // as much as may be there and a byte more, whatever the file's size is said to be
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
  } finally {
    closeSync(file);
  }
  if (length > LIMITS.bytes) throw new Error(`it has more than ${LIMITS.bytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
  } catch {
    throw new Error("it is not UTF-8 text");
  }
}
