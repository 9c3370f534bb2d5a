import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A request as it came. */
export interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Stands where the Kubernetes API would, and does what a test says, however odd. */
export interface FakeApi {
  url: URL;
  kubeconfig: string;
  asked: Asked[];
  /** Connections that were made. */
  connections: () => number;
  /** Those that are open now. */
  open: () => number;
  upgrade: (on: (request: IncomingMessage, socket: Socket, head: Buffer) => void) => void;
  stop: () => Promise<void>;
}

export async function fakeApi(
  answer: (request: IncomingMessage, response: ServerResponse, asked: Asked) => void,
): Promise<FakeApi> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    let body = "";
    request
      .setEncoding("utf8")
      .on("data", (chunk: string) => (body += chunk))
      .on("end", () => {
        const one = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
        asked.push(one);
        answer(request, response, one);
      });
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const folder = mkdtempSync(join(tmpdir(), "response-engine-api-"));
  const kubeconfig = join(folder, "kubeconfig");
  const named = (what: string, value: object) => [{ name: "it", [what]: value }];
  const config = {
    clusters: named("cluster", { server: url.origin, "insecure-skip-tls-verify": true }),
    users: named("user", { token: "a-token" }),
    contexts: named("context", { cluster: "it", user: "it" }),
    "current-context": "it",
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  return {
    url,
    kubeconfig,
    asked,
    connections: () => connections,
    open: () => sockets.size,
    upgrade: (on) => server.on("upgrade", on),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
      rmSync(folder, { recursive: true });
    },
  };
}

/** Answers with JSON, as the API does. */
export function json(response: ServerResponse, body: unknown, code = 200): void {
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
}

export function status(code: number, reason: string, message = reason): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
}
