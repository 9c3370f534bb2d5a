import type { Cluster } from "../kubernetes/cluster.ts";
import type { OutputSink } from "../outputs/broker.ts";
import type { AroundActions } from "../rules/deduplication.ts";
import type { Rule } from "../rules/rule.ts";
import type { Progress } from "./progress.ts";
import type { ResponseLimits } from "./limits.ts";
import type { Exemption } from "./exemption.ts";
import type { Switch } from "./switch.ts";
import type { Protected } from "./protection.ts";

export { RetryLater } from "./retry-later.ts";

/** What the responder decides and acts with. */
export interface Engine extends AroundActions, Protected {
  rules: readonly Rule[];
  cluster: Cluster;
  /** Takes the actions' outputs, whole; undefined: nobody does. */
  sink?: OutputSink | undefined;
  progress: Progress;
  /** Stops all responses; undefined: nothing does. */
  switch?: Switch | undefined;
  /** Knows what disruptive actions are kept off; undefined: nothing is exempt. */
  exemption?: Exemption | undefined;
  /** Counts what disrupts, and holds what is too much; undefined: nothing is counted. */
  limits?: ResponseLimits | undefined;
}
