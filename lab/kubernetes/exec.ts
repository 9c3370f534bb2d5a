import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import type { Duplex } from "node:stream";
import type { Attributes } from "./authorizer.ts";
import { containerOf } from "./containers.ts";
import type { Containers } from "./containers.ts";
import type { Json, KubernetesObject } from "./object.ts";
import { resourceNamed } from "./resources.ts";
import { badRequest } from "./status.ts";
import type { Store } from "./store.ts";
import { flagOf } from "./target.ts";
import { acceptWebSocket, protocolsOf } from "./websocket.ts";

/** The first byte of a message says which stream it belongs to. @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
/** Ends the stream that the next byte names; of version 5 on. */
const END = 255;

const V5 = "v5.channel.k8s.io";
/** Version 5 wins, wherever it stands in the client's list. */
const PROTOCOLS = [V5, "v4.channel.k8s.io"];

/** A command that can be run. */
export interface Execution {
  pod: KubernetesObject;
  container: string;
  query: URLSearchParams;
}

/**
 * What a request to `pods/NAME/exec` would run, and where.
 *
 * @throws StatusError 400 or 404
 */
export function parseExec(store: Store, { namespace, name }: Attributes, query: URLSearchParams): Execution {
  const pod = store.get(resourceNamed("pods"), namespace, name);
  const container = containerOf(pod, query.get("container") ?? "");
  if (!pod.spec?.["nodeName"]) throw badRequest(`pod ${name} does not have a host assigned`);
  return { pod, container, query };
}

/**
 * Takes the upgrade and runs the command.
 *
 * @returns the status answered: 101, or 403 where the client speaks no protocol that is known
 */
export function serveExec(
  { pod, container, query }: Execution,
  containers: Containers,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): 101 | 403 {
  const offered = protocolsOf(request);
  const protocol = PROTOCOLS.find((one) => offered.includes(one));
  if (protocol === undefined) {
    socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
    return 403;
  }
  const stdin = new PassThrough();
  if (!flagOf(query, "stdin")) stdin.end();
  const connection = acceptWebSocket(
    request,
    socket,
    head,
    protocol,
    (message) => {
      if (message[0] === STDIN && stdin.writable) stdin.write(message.subarray(1));
      if (message[0] === END && message[1] === STDIN && protocol === V5) stdin.end();
    },
    () => stdin.end(),
  );
  const send = (channel: number, text: string): void => {
    connection.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
  };
  const outputs = [STDOUT, STDERR].filter((channel) => flagOf(query, channel === STDOUT ? "stdout" : "stderr"));
  // an empty message tells the client that it is connected
  send(outputs[0] ?? STATUS, "");
  const command = query.getAll("command");
  containers
    .exec(pod, container, { command, stdin })
    .then(
      ({ stdout = "", stderr = "", exitCode }) => {
        for (const channel of outputs) {
          const text = channel === STDOUT ? stdout : stderr;
          if (text !== "") send(channel, text);
        }
        return exitCode === 0 ? { status: "Success" } : failure(exitCode);
      },
      (error: unknown) => notRun(error instanceof Error ? error.message : String(error), protocol),
    )
    .then(
      (status) => {
        // the API server itself speaks version 5, and the node the one before
        send(STATUS, JSON.stringify(protocol === V5 ? { metadata: {}, ...status } : status));
        connection.close();
      },
      () => socket.destroy(),
    );
  return 101;
}

function failure(exitCode: number): Json {
  return {
    status: "Failure",
    message: `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

/** The API server reports what the node has reported already. */
function notRun(why: string, protocol: string): Json {
  const told = `Internal error occurred: error executing command in container: ${why}`;
  const internal = { status: "Failure", reason: "InternalError", code: 500 };
  return protocol === V5
    ? { ...internal, message: `Internal error occurred: ${told}`, details: { causes: [{ message: told }] } }
    : { ...internal, message: told };
}
