import { PassThrough } from "node:stream";
import { Exec, type KubeConfig, type V1Status } from "@kubernetes/client-node";
import type { Command, Ended } from "./cluster.ts";

/**
 * Runs a command in a container over the API's exec stream, until it ends, the connection does, or its time is up.
 * @see https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#pod-v1-core (Create Connect Exec)
 * @throws as the client does, with the HTTP status as `code`, where the command was not begun
 */
export async function exec(
  config: KubeConfig,
  { namespace, pod, container, command, timeout, limit }: Command,
): Promise<Ended> {
  const kept = new Kept(limit);
  const ended = Promise.withResolvers<string | undefined>();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`no answer after ${timeout / 1000} s`));
    ended.resolve(`it had not ended after ${timeout / 1000} s, and may still be running`);
  }, timeout);
  const told = (status: V1Status) => {
    ended.resolve(failureOf(status));
  };
  const opening = new Exec(config).exec(
    namespace,
    pod,
    container,
    [...command],
    kept.stream(),
    kept.stream(),
    null,
    false,
    told,
  ) as Promise<Socket>;
  try {
    const socket = await Promise.race([opening, late.promise]);
    socket.onclose = () => {
      ended.resolve("the connection broke before it ended, and it may still be running");
    };
    const failure = await ended.promise;
    return { output: kept.text(), truncated: kept.truncated, ...(failure !== undefined && { failure }) };
  } catch (thrown) {
    throw refusal(thrown);
  } finally {
    clearTimeout(timer);
    late.promise.catch(() => undefined);
    opening
      .then((socket) => {
        socket.close();
      })
      .catch(() => undefined);
  }
}

/** What is used of the client's, whose type is a package's of its own. */
interface Socket {
  onclose: (() => void) | null;
  close: () => void;
}

/** The first bytes of a stream, as many as are kept. */
class Kept {
  readonly #chunks: Buffer[] = [];
  readonly #limit: number;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get truncated(): boolean {
    return this.#size > this.#limit;
  }

  stream(): PassThrough {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => {
      const room = this.#limit - this.#size;
      if (room > 0) this.#chunks.push(chunk.subarray(0, room));
      this.#size += chunk.length;
    });
    return stream;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

function failureOf({ status, message, details }: V1Status): string | undefined {
  if (status === "Success") return undefined;
  const exitCode = details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  return exitCode === undefined
    ? (message ?? "it failed, and the API doesn't say why")
    : `it ended with exit code ${exitCode}`;
}

/** The client gives a refused upgrade as an event of the socket, which has the status in its message alone. */
function refusal(thrown: unknown): unknown {
  const { message = "" } = thrown as { message?: string };
  const code = /^Unexpected server response: (\d{3})$/.exec(message)?.[1];
  if (code !== undefined)
    return Object.assign(new Error(message), { code: Number(code), body: `the API answered ${code}` });
  return thrown instanceof Error ? thrown : new Error(message || "the connection was refused");
}
