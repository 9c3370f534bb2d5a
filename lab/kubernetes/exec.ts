import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { reasonOf } from "../reason.ts";
import type { Attributes } from "./authorizer.ts";
import { containerOf } from "./containers.ts";
import type { Containers } from "./containers.ts";
import type { Json, KubernetesObject } from "./object.ts";
import { resourceNamed } from "./resources.ts";
import { badRequest } from "./status.ts";
import type { Store } from "./store.ts";
import { flagOf } from "./target.ts";

/** The first byte of a message says which stream it belongs to. @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
/** Ends the stream that the next byte names; of version 5 on. */
const END = 255;

/** How a connection is closed that has served its purpose. */
const NORMAL = 1000;

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

/** No more than this in one message: bytes. */
const MESSAGE_LIMIT = 4 * 1024 * 1024;

/**
 * Takes the upgrade and runs the command.
 *
 * @returns the status answered: 101, or 403 where the client speaks no protocol that is known
 */
export function serveExec(
  execution: Execution,
  containers: Containers,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): 101 | 403 {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  const protocol = PROTOCOLS.find((one) => offered.includes(one));
  if (protocol === undefined) {
    socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
    return 403;
  }
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MESSAGE_LIMIT,
    handleProtocols: () => protocol,
  });
  upgrader.handleUpgrade(request, socket, head, (connection) => {
    void run(execution, containers, connection);
  });
  return 101;
}

async function run({ pod, container, query }: Execution, containers: Containers, connection: WebSocket): Promise<void> {
  const stdin = typedInto(connection, flagOf(query, "stdin"));
  const send = (channel: number, text: string): void => {
    connection.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
  };
  const outputs = [STDOUT, STDERR].filter((channel) => flagOf(query, channel === STDOUT ? "stdout" : "stderr"));
  // an empty message tells the client that it is connected
  send(outputs[0] ?? STATUS, "");
  const command = query.getAll("command");
  let status: Json;
  try {
    const { stdout = "", stderr = "", exitCode } = await containers.exec(pod, container, { command, stdin });
    for (const channel of outputs) {
      const text = channel === STDOUT ? stdout : stderr;
      if (text !== "") send(channel, text);
    }
    status = exitCode === 0 ? { status: "Success" } : failure(exitCode);
  } catch (error) {
    status = notRun(reasonOf(error), connection.protocol);
  }
  // the API server itself speaks version 5, and the node the one before
  send(STATUS, JSON.stringify(connection.protocol === V5 ? { metadata: {}, ...status } : status));
  connection.close(NORMAL);
}

/** What the client types in; it ends with the connection, and at once where nobody types. */
function typedInto(connection: WebSocket, isOpen: boolean): PassThrough {
  const stdin = new PassThrough();
  if (!isOpen) stdin.end();
  connection.on("message", (data) => {
    const message = data as Buffer;
    if (message[0] === STDIN && stdin.writable) stdin.write(message.subarray(1));
    if (message[0] === END && message[1] === STDIN && connection.protocol === V5) stdin.end();
  });
  connection.once("close", () => stdin.end());
  // a client that cuts the connection, or breaks the protocol, is one that has gone
  connection.on("error", () => undefined);
  return stdin;
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
