import type { ApiError } from "../kubernetes/errors.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { OutputSink } from "../outputs/broker.ts";
import type { Manners } from "../rules/deduplication.ts";
import type { Rule } from "../rules/rule.ts";
import type { Progress } from "./progress.ts";
import type { Protected } from "./protection.ts";

/** What the responder decides and acts with. */
export interface Engine extends Manners, Protected {
  rules: readonly Rule[];
  cluster: Cluster;
  /** Takes the actions' outputs, whole; undefined: nobody does. */
  sink?: OutputSink | undefined;
  progress: Progress;
}

/** It can't be done, or not yet: the alert is to be delivered again. */
export class RetryLater extends Error {
  override name = "RetryLater";
  readonly apiErrors: readonly ApiError[];
  constructor(message: string, apiErrors: readonly ApiError[]) {
    super(message);
    this.apiErrors = apiErrors;
  }
}
