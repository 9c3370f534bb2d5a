import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DeliveryError } from "./delivery.ts";
import { log } from "./log.ts";
import { registry } from "./metrics.ts";

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Answers one delivery; what it throws but a DeliveryError is a fault of ours, and worth a redelivery. */
export type Deliver = (headers: IncomingHttpHeaders, body: Buffer) => Promise<Answer>;

/** The largest body that is read, in bytes. */
const BODY_LIMIT = 1024 * 1024;

/**
 * Serves deliveries (POST), `/healthz` and `/readyz` on one port and `/metrics` on another, until SIGTERM or
 * SIGINT: then it is no longer ready, finishes what is in flight, and lets the process end.
 * @param ports 0 for a free one; the line "ready" of the log says which
 */
export async function serve(deliver: Deliver, ports: { port: number; metricsPort: number }): Promise<void> {
  let stopping = false;
  const server = createServer((request, response) => {
    void handle(request, deliver, () => !stopping).then((answer) => {
      send(response, stopping ? { ...answer, headers: { ...answer.headers, connection: "close" } } : answer);
    });
  });
  const metrics = createServer((request, response) => {
    void measure(request).then((answer) => {
      send(response, answer);
    });
  });
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log("info", "stopping", { signal });
    // closes idle connections too, and ends when the last request in flight is answered
    server.close(() => metrics.close());
    metrics.closeAllConnections();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const [port, metricsPort] = await Promise.all([listen(server, ports.port), listen(metrics, ports.metricsPort)]);
  log("info", "ready", { port, metricsPort });
}

async function handle(request: IncomingMessage, deliver: Deliver, ready: () => boolean): Promise<Answer> {
  const path = request.url?.split("?", 1)[0];
  if (request.method === "GET" && path === "/healthz") return { status: 200, body: "ok\n" };
  if (request.method === "GET" && path === "/readyz") return ready() ? { status: 200, body: "ok\n" } : { status: 503 };
  if (request.method !== "POST") {
    return { ...problem(405, "deliveries are taken by POST"), headers: { allow: "POST", ...PROBLEM } };
  }
  try {
    return await deliver(request.headers, await readBody(request));
  } catch (error) {
    if (error instanceof DeliveryError) {
      log("warning", "rejected", { status: error.status, reason: error.message });
      return problem(error.status, error.message);
    }
    log("error", "failed", { reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return problem(500, "the responder failed; its log says why");
  }
}

const PROBLEM = { "content-type": "application/problem+json" };

/**
 * Knative's dispatcher copies the body of a failed delivery, in base64, into 1024 bytes for the dead letter, and
 * has no room for more: three quarters of that, less what surrounds the detail.
 * @see https://github.com/knative/eventing/blob/main/pkg/kncloudevents/event_dispatcher.go
 */
const DETAIL_LIMIT = 640;

/** @see https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(status: number, detail: string, headers: Record<string, string> = {}): Answer {
  // ASCII, so that a character is a byte
  const short = detail.replace(/[^ -~]/g, "?").replace(/["\\]/g, "'").slice(0, DETAIL_LIMIT);
  return { status, headers: { ...PROBLEM, ...headers }, body: `${JSON.stringify({ status, detail: short })}\n` };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => new DeliveryError(413, `the body is larger than ${BODY_LIMIT} bytes`);
  if (Number(request.headers["content-length"]) > BODY_LIMIT) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
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
