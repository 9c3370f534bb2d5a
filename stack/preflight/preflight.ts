import type { StackConfig } from "../config/config.ts";
import { StackError } from "../stack-error.ts";
import { onScreen, type Warn } from "../warn.ts";
import { versionOf } from "./cluster.ts";
import { isOlder, minorOf, oldestKubernetes, textOf } from "./versions.ts";

/**
 * Looks whether the cluster is one that Knative takes, before anything is made: Knative itself would only not get
 * ready. Where the cluster can't be asked, that is a warning: it may be made by then, and the provider says it, too.
 * @param warn is told the warning
 * @throws {StackError} naming both versions.
 */
export async function checkCluster(
  { cluster, knative }: Pick<StackConfig, "cluster" | "knative">,
  warn: Warn = onScreen,
): Promise<void> {
  if (!knative.install || !knative.checkCluster) return;
  const oldest = oldestKubernetes(knative.version);
  if (!oldest) return;
  let version: string;
  try {
    version = await versionOf(cluster);
  } catch (error) {
    warn(
      `The cluster can't be asked for its version (${reasonOf(error)}): whether it is at least ${textOf(oldest)}, as ` +
        `Knative ${knative.version} needs, is not known.`,
    );
    return;
  }
  const found = minorOf(version);
  if (found && isOlder(found, oldest)) {
    throw new StackError(
      `The cluster's Kubernetes is ${version}; Knative ${knative.version} needs ${textOf(oldest)} or newer`,
      "Upgrade the cluster, set knative:version to an older release, or knative:install to false to use the Knative that is there.",
    );
  }
}

/** Of a connection that several addresses refused, the message is empty. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}
