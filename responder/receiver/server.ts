import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { log } from "../telemetry/log.ts";
import { registry } from "../telemetry/metrics.ts";
import { PROBLEM, problem, type Answer, type Deliver } from "./answer.ts";
import { Bodies, BusyError, HungUpError, type TooLarge } from "./bodies.ts";
import { DeliveryError } from "./cloud-event.ts";

export interface Ports {
  port: number;
  metricsPort: number;
}

/** What is being served. */
export interface Serving extends Ports {
  /** What SIGTERM does; resolves when the last request is answered. */
  stop: () => Promise<void>;
}

/** Milliseconds in which a request has to arrive whole. */
const REQUEST_TIMEOUT = 30_000;

/**
 * Serves deliveries (POST), `/healthz` and `/readyz` on one port and `/metrics` on another, until SIGTERM or
 * SIGINT: then it is no longer ready, finishes what is in flight, and lets the process end.
 * @param ports 0 for a free one; the line "ready" of the log says which
 * @param tooLarge what becomes of a body larger than is read
 * @param requestTimeout milliseconds in which a request has to arrive whole
 */
export async function serve(
  deliver: Deliver,
  ports: Ports,
  tooLarge: TooLarge = "refuse",
  requestTimeout = REQUEST_TIMEOUT,
): Promise<Serving> {
  let stopping = false;
  const bodies = new Bodies(tooLarge);
  const times = {
    requestTimeout,
    headersTimeout: requestTimeout,
    connectionsCheckingInterval: Math.ceil(requestTimeout / 6),
  };
  const server = createServer(times, (request, response) => {
    void handle(request, deliver, bodies, () => !stopping).then((answer) => {
      if (!answer) return response.destroy();
      // what is left of a body that was not read would be taken for the next request
      const close = stopping || !request.complete;
      send(response, close ? { ...answer, headers: { ...answer.headers, connection: "close" } } : answer);
      return request.resume();
    });
  });
  const arriving = socketsWithoutRequest(server);
  const metrics = createServer((request, response) => {
    void measure(request).then((answer) => {
      send(response, answer);
    });
  });
  const stopped = Promise.withResolvers<undefined>();
  const stop = (signal?: string) => {
    if (stopping) return;
    stopping = true;
    log("info", "stopping", { signal });
    // closes idle connections too, and ends when the last request in flight is answered
    server.close(() => {
      for (const each of SIGNALS) process.off(each, stop);
      metrics.close(() => {
        stopped.resolve(undefined);
      });
      metrics.closeAllConnections();
    });
    // a server that closes no longer looks after what never arrives whole
    setTimeout(() => {
      for (const socket of arriving) socket.destroy();
    }, requestTimeout).unref();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const [port, metricsPort] = await Promise.all([listen(server, ports.port), listen(metrics, ports.metricsPort)]);
  log("info", "ready", { port, metricsPort });
  const stopAndWait = async () => {
    stop();
    await stopped.promise;
  };
  return { port, metricsPort, stop: stopAndWait };
}

/** The connections on which no request has arrived whole that is not answered yet. */
function socketsWithoutRequest(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    request.once("end", () => sockets.delete(socket));
    response.once("close", () => {
      if (!socket.destroyed) sockets.add(socket);
    });
  });
  return sockets;
}

const SIGNALS = ["SIGTERM", "SIGINT"];

/** undefined where there is nobody left to answer. */
async function handle(
  request: IncomingMessage,
  deliver: Deliver,
  bodies: Bodies,
  ready: () => boolean,
): Promise<Answer | undefined> {
  const path = request.url?.split("?", 1)[0];
  if (request.method === "GET" && path === "/healthz") return { status: 200, body: "ok\n" };
  if (request.method === "GET" && path === "/readyz") return ready() ? { status: 200, body: "ok\n" } : { status: 503 };
  if (request.method !== "POST") {
    return { ...problem(405, "deliveries are taken by POST"), headers: { allow: "POST", ...PROBLEM } };
  }
  try {
    return await bodies.read(request, (body) => deliver(request.headers, body, request.socket.remoteAddress));
  } catch (error) {
    if (error instanceof HungUpError) return undefined;
    if (error instanceof BusyError) return problem(503, error.message, { "retry-after": "1" });
    if (error instanceof DeliveryError) {
      log("warning", "rejected", { status: error.status, reason: error.message });
      return problem(error.status, error.message);
    }
    log("error", "failed", { reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return problem(500, "the responder failed; its log says why");
  }
}

async function measure(request: IncomingMessage): Promise<Answer> {
  if (request.url?.split("?", 1)[0] !== "/metrics") return { status: 404 };
  return { status: 200, headers: { "content-type": registry.contentType }, body: await registry.metrics() };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(body);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
