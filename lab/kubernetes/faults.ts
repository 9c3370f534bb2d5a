import { StatusError } from "./status.ts";

/** Makes the next requests go wrong. */
export interface Fault {
  /** The status to answer, `hang` to never answer, `reset` to cut the connection. */
  answer: keyof typeof STATUSES | "hang" | "reset";
  /** How many requests. */
  times: number;
  /** How many go well before; none where it isn't given. */
  after?: number;
  /** Only requests of this verb; not given: any but a watch, whose end nobody waits for. */
  verb?: string;
}

const STATUSES = {
  403: ["Forbidden", "forbidden: injected by the lab"],
  429: ["TooManyRequests", "Too many requests, please try again later."],
  500: ["InternalError", "Internal error occurred: injected by the lab"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: ["Timeout", "Timeout: request did not complete within the allotted timeout"],
} as const;

/** What goes wrong on purpose. */
export class Faults {
  readonly #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push({ ...fault });
  }

  /**
   * What is to become of a request, which is counted; undefined: what it asks for.
   *
   * @throws StatusError for a status to answer
   */
  next(verb: string): "hang" | "reset" | undefined {
    const fault = this.#faults.find(
      (one) => one.times > 0 && (one.verb === undefined ? verb !== "watch" : one.verb === verb),
    );
    if (!fault) return undefined;
    const { after = 0, answer } = fault;
    if (after > 0) {
      fault.after = after - 1;
      return undefined;
    }
    fault.times -= 1;
    if (answer === "hang" || answer === "reset") return answer;
    const [reason, message] = STATUSES[answer];
    throw new StatusError(answer, reason, message, answer === 429 ? { retryAfterSeconds: 1 } : {});
  }
}
