import { scryptSync } from "node:crypto";

/**
 * A short text that is another where the secret is another, to be seen by all: slow to make, so that a secret can't be
 * found by guessing at it.
 */
export function fingerprintOf(secret: string): string {
  return scryptSync(secret, "response-engine alert key", 6).toString("hex");
}
