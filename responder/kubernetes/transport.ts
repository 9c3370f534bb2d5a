import {
  Agent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import type { Credentials } from "./credentials.ts";
import { LIMITS } from "../limits.ts";
import { ApiError, statusError } from "./errors.ts";

/** One request to the API. */
export interface ApiRequest {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With its query. */
  path: string;
  body?: object;
  accept?: string;
  /** Whether text is asked for in place of an object. */
  isText?: boolean;
  /** How large its answer may be, in bytes. */
  limit?: number;
}

const TEXT = "text/plain";

const JSON_OBJECT = "application/json";

/** The text of a 2xx answer. @throws {ApiError} for everything else */
export type Send = (request: ApiRequest) => Promise<string>;

/**
 * Sends requests over connections that stay open. Redirects are not followed: what is asked of the API is answered by
 * it or by nobody.
 * @param timeout milliseconds from the request to the end of the answer
 */
export function transport(credentials: Credentials, timeout: number): Send {
  const agents = { "http:": new Agent({ keepAlive: true }), "https:": new TlsAgent({ keepAlive: true }) };
  const acceptOf = ({ accept = JSON_OBJECT, isText }: ApiRequest) =>
    // the API refuses who takes no object: it says so in one where there is no text
    isText ? `${TEXT},${JSON_OBJECT}` : accept;
  const attempt = async (asked: ApiRequest, again = false): Promise<string> => {
    const { server, headers, tls } = await credentials();
    const content = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    const options: RequestOptions = {
      method: asked.method,
      // again over a connection of its own: the others that were kept may have been closed as well
      agent: again ? false : agents[server.protocol === "https:" ? "https:" : "http:"],
      headers: {
        ...headers,
        accept: acceptOf(asked),
        ...(content !== undefined && {
          "content-type": asked.method === "PATCH" ? "application/merge-patch+json" : JSON_OBJECT,
          "content-length": Buffer.byteLength(content),
        }),
      },
      ...tls,
    };
    const url = new URL(`${server.pathname.replace(/\/$/, "")}${asked.path}`, server);
    return await exchange(url, options, content, {
      limit: asked.limit ?? LIMITS.answer,
      isText: asked.isText === true,
      timeout,
    });
  };
  return async (asked) => {
    try {
      return await attempt(asked);
    } catch (error) {
      // a kept connection that the API closes just as it is used says nothing about the request: it never arrived
      if (!(error instanceof StaleConnection)) throw error;
      return await attempt(asked, true);
    }
  };
}

class StaleConnection extends ApiError {}

/** One request, and the whole of its answer. */
async function exchange(
  url: URL,
  options: RequestOptions,
  content: string | undefined,
  { limit, isText, timeout }: { limit: number; isText: boolean; timeout: number },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = asking(url, options, (answer) => {
    readAnswer(answer, limit, isText).then(resolve, reject);
  });
  const timer = setTimeout(() => {
    reject(new ApiError("time-out", `no answer within ${timeout / 1000} s`));
    request.destroy();
  }, timeout);
  request.on("error", (error: NodeJS.ErrnoException) => {
    const stale = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
    reject(new (stale ? StaleConnection : ApiError)("unreachable", error.message));
  });
  request.end(content);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws {ApiError} where there are no such headers or addresses: a token with a line's end in it, for instance */
function asking(url: URL, options: RequestOptions, answered: (answer: IncomingMessage) => void): ClientRequest {
  try {
    return (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options, answered);
  } catch (error) {
    throw new ApiError("unreachable", `the API can't be asked: ${(error as Error).message}`);
  }
}

/** Bytes that are held of answers that haven't come to their end. */
let reading = 0;

/** @param isText whether text was asked for: what it says doesn't tell whose it is, what it is called does */
async function readAnswer(answer: IncomingMessage, limit: number, isText: boolean): Promise<string> {
  const code = answer.statusCode ?? 0;
  const succeeded = code >= 200 && code < 300;
  const most = succeeded ? limit : LIMITS.errorAnswer;
  const chunks: Buffer[] = [];
  let [size, held] = [0, 0];
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      const part = chunk.subarray(0, most - size);
      size += chunk.length;
      if (reading + part.length > LIMITS.answersAtOnce) throw new Error("there are too many large answers at once");
      reading += part.length;
      held += part.length;
      chunks.push(part);
      if (size > most) break;
    }
  } catch (error) {
    throw new ApiError("broken", `the answer broke off: ${(error as Error).message}`);
  } finally {
    reading -= held;
  }
  if (succeeded && size > most) throw new ApiError("broken", `the answer is larger than ${limit} bytes`);
  const text = Buffer.concat(chunks).toString("utf8");
  if (succeeded && isText && !(answer.headers["content-type"] ?? TEXT).startsWith(TEXT)) {
    throw new ApiError("not-kubernetes", `text was asked for, and ${answer.headers["content-type"] ?? ""} came`);
  }
  if (succeeded) return text;
  if (size > most && code >= 400 && /^\s*\{\s*"kind"\s*:\s*"Status"/.test(text)) {
    throw new ApiError("status", `HTTP status ${code}, and more words than are read`, { code });
  }
  throw statusError(code, text, answer.headers["retry-after"]);
}
