import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "../../responder/build.ts";

let built: Promise<string> | undefined;

/** The path of the responder's bundle: built once for all that run in this process, and removed when it ends. */
export function responderBundle(): Promise<string> {
  if (!built) {
    const folder = mkdtempSync(join(tmpdir(), "response-engine-bundle-"));
    process.once("exit", () => {
      rmSync(folder, { recursive: true, force: true });
    });
    built = build(join(folder, "responder.mjs"));
  }
  return built;
}
