import type { ApiError } from "../kubernetes/errors.ts";

/** It can't be done, or not yet: the alert is to be delivered again. */
export class RetryLater extends Error {
  override name = "RetryLater";
  readonly apiErrors: readonly ApiError[];
  constructor(message: string, apiErrors: readonly ApiError[]) {
    super(message);
    this.apiErrors = apiErrors;
  }
}
