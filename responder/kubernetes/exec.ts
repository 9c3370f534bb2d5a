import type { IncomingMessage } from "node:http";
import { WebSocket, type ClientOptions, type RawData } from "ws";
import { isMap, parsed } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { plain } from "../text.ts";
import type { Cluster, Command, CommandResult } from "./cluster.ts";
import type { Credential, Credentials } from "./credentials.ts";
import { ApiError, statusError } from "./errors.ts";
import { Gate } from "../gate.ts";
import { pathOf, PODS } from "./resources.ts";

/** Both say how a command ended in the same words; the older is for API servers before 1.30. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** The first byte of each message. */
const CHANNEL = { stdout: 1, stderr: 2, status: 3 };

/** What a message is counted for beyond what it holds: even empty ones have an end. */
const FRAME = 16;

/**
 * Runs commands in containers over the API's exec stream, each until it ends, its connection does, or its time is up.
 * Whatever the other end sends is that command's failure at most.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#websockets
 * @returns what rejects with {@link ApiError} where the command was not begun
 */
export function commandRunner(credentials: Credentials): Cluster["exec"] {
  const gate = new Gate(LIMITS.commandsAtOnce);
  return (command) => gate.run(async () => await runCommand(await credentials(), command));
}

async function runCommand({ server, headers, tls }: Credential, command: Command): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const url = new URL(`${server.pathname.replace(/\/$/, "")}${pathWithQuery(command)}`, server);
  const { timeout } = command;
  const options = {
    headers: headers as Record<string, string>,
    ...tls,
    maxPayload: LIMITS.streamMessage,
    perMessageDeflate: false,
  };
  const socket = opening(url, options);
  const kept = new CappedBuffer(command.limit);
  let begun = false;
  let read = 0;
  const ended = (failure?: string) => {
    resolve({ output: kept.text(), truncated: kept.truncated, ...(failure !== undefined && { failure }) });
  };
  const broken = (message: string) => {
    if (begun) ended("the connection broke before it ended, and it may still be running");
    else reject(new ApiError("unreachable", message));
  };
  const timer = setTimeout(() => {
    if (begun) ended(`it had not ended after ${timeout / 1000} s, and may still be running`);
    else reject(new ApiError("time-out", `no answer within ${timeout / 1000} s`));
  }, timeout);
  socket.on("open", () => (begun = true));
  socket.on("error", ({ message }) => {
    broken(message);
  });
  socket.on("close", () => {
    broken("the connection was closed");
  });
  socket.on("unexpected-response", (_request, answer) => {
    void refusalIn(answer).then(reject);
  });
  socket.on("message", (data: RawData) => {
    const message = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
    const channel = message[0];
    read += message.length + FRAME;
    if (read > LIMITS.streamRead) ended(`it printed more than ${LIMITS.streamRead} bytes, and may still be running`);
    else if (channel === CHANNEL.stdout || channel === CHANNEL.stderr) kept.add(message.subarray(1));
    else if (channel === CHANNEL.status) ended(failureIn(message.subarray(1).toString("utf8")));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    // an upgrade that was never answered too: nothing of it is left open
    socket.terminate();
  }
}

/** @throws {ApiError} where there are no such headers or addresses: a token with a line's end in it, for instance */
function opening(url: URL, options: ClientOptions): WebSocket {
  try {
    return new WebSocket(url, PROTOCOLS, options);
  } catch (error) {
    throw new ApiError("unreachable", `the API can't be asked: ${(error as Error).message}`);
  }
}

/** What the API says instead of opening the stream. */
async function refusalIn(answer: IncomingMessage): Promise<ApiError> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, LIMITS.errorAnswer - size));
      size += chunk.length;
      if (size > LIMITS.errorAnswer) break;
    }
  } catch {
    // what came until it broke off says enough
  }
  return statusError(answer.statusCode ?? 0, Buffer.concat(chunks).toString("utf8"), answer.headers["retry-after"]);
}

function pathWithQuery({ namespace, pod, container, command }: Command): string {
  const query = new URLSearchParams({ container, stdout: "true", stderr: "true" });
  for (const word of command) query.append("command", word);
  return `${pathOf({ resource: PODS, namespace, name: pod, subresource: "exec" })}?${query.toString()}`;
}

/** The first bytes of a stream, as many as are kept, in one piece however small the parts they come in. */
class CappedBuffer {
  readonly #bytes: Buffer;
  #size = 0;
  /** How many bytes came, kept or not. */
  received = 0;

  constructor(limit: number) {
    this.#bytes = Buffer.allocUnsafe(limit);
  }

  get truncated(): boolean {
    return this.received > this.#size;
  }

  add(chunk: Buffer): void {
    this.received += chunk.length;
    this.#size += chunk.copy(this.#bytes, this.#size);
  }

  /** Without the first bytes of a character whose others are not kept. */
  text(): string {
    return new TextDecoder().decode(this.#bytes.subarray(0, this.#size), { stream: true });
  }
}

/**
 * Why a command failed, by the metav1.Status that ends its stream; undefined where it succeeded.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/remotecommand/constants.go
 */
function failureIn(text: string): string | undefined {
  const status = parsed(text);
  if (!isMap(status)) return "how it ended can't be read, and it may still be running";
  if (status["status"] === "Success") return undefined;
  const { details, message } = status;
  const causes: unknown = isMap(details) ? details["causes"] : undefined;
  const cause: unknown = Array.isArray(causes)
    ? causes.slice(0, 16).find((one) => isMap(one) && one["reason"] === "ExitCode")
    : undefined;
  const exitCode = isMap(cause) ? cause["message"] : undefined;
  if (typeof exitCode === "string" && /^\d{1,3}$/.test(exitCode)) return `it ended with exit code ${exitCode}`;
  return typeof message === "string" && message !== ""
    ? plain(message, LIMITS.field)
    : "it failed, and the API doesn't say why";
}
