import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { leaveOut } from "./leave-out.ts";

/** The release whose manifests the tests know. */
export const KNATIVE_VERSION = "1.23.0";

/** Where Knative's release manifests may be, outside the repository. */
const FOLDER = process.env["KNATIVE_MANIFESTS"] ?? `../shared/knative/${KNATIVE_VERSION}`;

/** The folder of Knative's release manifests; undefined where they are not on this machine. */
export const KNATIVE_MANIFESTS = existsSync(join(absolute(FOLDER), "serving-core.yaml")) ? absolute(FOLDER) : undefined;

/** The same, for tests that are left out without them. */
export function knativeManifests(context: Mocha.Context): string {
  if (KNATIVE_MANIFESTS !== undefined) return KNATIVE_MANIFESTS;
  return leaveOut(
    context,
    `no manifests of Knative ${KNATIVE_VERSION} in ${FOLDER}; set KNATIVE_MANIFESTS to a folder that holds them`,
  );
}

/** What is relative is so to the repository's folder. */
function absolute(folder: string): string {
  return resolve(import.meta.dirname, "../..", folder);
}
