/** What the Kubernetes API said when it did not do as asked; `code` is undefined where nothing answered. */
export interface ClusterError {
  code?: number;
  /** metav1.Status' message, or what the network said. */
  message: string;
  /** Seconds the API asks to wait before a retry. */
  retryAfter?: number;
}

/**
 * Reads the client's exception: an answer outside 2xx, or none at all (connection refused, time-out, TLS).
 * @see https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#status-v1-meta
 */
export function clusterError(error: unknown): ClusterError {
  const thrown = error as { code?: unknown; body?: unknown; headers?: Record<string, string>; cause?: unknown };
  if (typeof thrown.code !== "number") {
    const cause = thrown.cause instanceof Error ? `: ${thrown.cause.message}` : "";
    return { message: (error instanceof Error ? error.message : String(error)) + cause };
  }
  const retryAfter = Number(thrown.headers?.["retry-after"]);
  return {
    code: thrown.code,
    message: statusMessage(thrown.body) ?? `HTTP status ${thrown.code}`,
    ...(retryAfter > 0 && { retryAfter }),
  };
}

/**
 * Whether asking again can't help: the API understood and refused. A missing or conflicting object is for the
 * action to judge, and 401 is a token about to be renewed.
 */
export function isRefusal({ code }: ClusterError): boolean {
  return code === 400 || code === 403 || code === 405 || code === 413 || code === 415 || code === 422;
}

function statusMessage(body: unknown): string | undefined {
  const status: unknown = typeof body === "string" ? parseJson(body) : body;
  const message = (status as { message?: unknown } | undefined)?.message;
  if (typeof message === "string" && message !== "") return message;
  return typeof body === "string" && body !== "" ? body : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
