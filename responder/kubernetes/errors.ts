import { isMap, parsed } from "../json.ts";
import { plain } from "../text.ts";

/** What kept the Kubernetes API from doing what it was asked. */
export type Failure =
  /** No connection, or it broke before anything was answered. */
  | "unreachable"
  /** No answer in time. */
  | "time-out"
  /** The answer broke off in the middle, or is larger than is read. */
  | "broken"
  /** An answer that isn't the API's: HTML of a proxy, a redirect, an object that wasn't asked for. */
  | "not-kubernetes"
  /** metav1.Status says no, with an HTTP status. */
  | "status"
  /** A name that Kubernetes allows for nothing was about to be sent. */
  | "name"
  /** A fault of the responder's own. */
  | "defect";

/** The API did not do as asked, or nobody knows whether it did. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly failure: Failure;
  /** HTTP status; undefined where there was no answer of the API's. */
  readonly code: number | undefined;
  /** metav1.Status' reason, a word such as "NotFound". */
  readonly reason: string | undefined;
  /** Seconds the API asks to wait before a retry. */
  readonly retryAfter: number | undefined;

  constructor(failure: Failure, message: string, more: { code?: number; reason?: string; retryAfter?: number } = {}) {
    super(plain(message));
    this.failure = failure;
    this.code = more.code;
    this.reason = more.reason;
    this.retryAfter = more.retryAfter;
  }
}

/** What the Broker is told: never to send the alert again, or to do so. */
export type Finality = "final" | "once more";

/**
 * For every kind of failure, of every action, whether the alert is to come again. What an action itself makes of an
 * answer (gone, replaced) never comes here. docs/failures.md shows this table.
 */
export const FAILURES: readonly { failure: Failure; codes?: readonly number[]; told: Finality; why: string }[] = [
  { failure: "unreachable", told: "once more", why: "the API is down, or the way to it" },
  { failure: "time-out", told: "once more", why: "the API is slow, or hangs" },
  { failure: "broken", told: "once more", why: "the API, or what is before it, was stopped in the middle" },
  { failure: "not-kubernetes", told: "once more", why: "a proxy answered in the API's place" },
  {
    failure: "status",
    codes: [400, 403, 405, 406, 413, 414, 415, 422, 501],
    told: "final",
    why: "the API understood, and refuses",
  },
  {
    failure: "status",
    codes: [404],
    told: "final",
    why: "what the action needs is not there, its namespace for instance",
  },
  { failure: "status", codes: [401], told: "once more", why: "a token is about to be renewed" },
  {
    failure: "status",
    codes: [408, 409, 410, 425, 429],
    told: "once more",
    why: "a time-out, a conflict or a limit that passes",
  },
  {
    failure: "status",
    codes: [500, 502, 503, 504, 507],
    told: "once more",
    why: "the API, its storage or a webhook can't do it now",
  },
  { failure: "name", told: "final", why: "no object can be called so" },
  {
    failure: "defect",
    told: "final",
    why: "a fault of the responder's own, which its log shows; asking again would meet it again",
  },
];

/** A status that the table doesn't name: of the client's kind for good, of the server's for now. */
export function finalityOf({ failure, code = 0 }: ApiError): Finality {
  const row = FAILURES.find((one) => one.failure === failure && (one.codes === undefined || one.codes.includes(code)));
  return row?.told ?? (code < 500 ? "final" : "once more");
}

/** What is thrown by something other than the API's client is a defect of ours. */
export function apiErrorOf(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new ApiError("defect", `a defect of the responder, which its log shows (${text})`);
}

/**
 * The object isn't there: the API itself says so, not what is before it.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
export function isNotFound(error: ApiError): boolean {
  return error.failure === "status" && error.code === 404 && error.reason === "NotFound";
}

/** Reads an answer outside 2xx; one that holds no metav1.Status isn't the API's. */
export function statusError(code: number, body: string, retryAfter: string | undefined): ApiError {
  const seconds = Number(retryAfter);
  const known = { code, ...(seconds > 0 && seconds <= 3600 && { retryAfter: Math.ceil(seconds) }) };
  const status = parsed(body);
  // of a redirect the API never speaks, nor of a failure in the words of a success
  if (!isMap(status) || status["kind"] !== "Status" || !(code >= 400 && code < 600)) {
    return new ApiError("not-kubernetes", `HTTP status ${code}, and not in the words of the Kubernetes API`, known);
  }
  const { message, reason } = status;
  const said = typeof message === "string" && message !== "" ? message : `HTTP status ${code}`;
  return new ApiError("status", said, { ...known, ...(isReason(reason) && { reason }) });
}

function isReason(reason: unknown): reason is string {
  return typeof reason === "string" && /^\w{1,64}$/.test(reason);
}
