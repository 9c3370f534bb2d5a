import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that came to a {@link Subscriber}. */
export interface Received {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An answer to give; `hang` gives none, `reset` cuts the connection. */
export type Scripted = number | "hang" | "reset" | { status: number; headers?: Record<string, string>; body?: string };

/** An HTTP server that answers by a script, the last answer for ever, and keeps what came. */
export interface Subscriber {
  url: string;
  received: Received[];
  script: Scripted[];
  close(): Promise<void>;
}

export async function startSubscriber(...script: Scripted[]): Promise<Subscriber> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      const answer = (script.length > 1 ? script.shift() : script[0]) ?? 200;
      if (answer === "hang") return;
      if (answer === "reset") {
        response.destroy();
        return;
      }
      const { status, headers = {}, body = "" } = typeof answer === "number" ? { status: answer } : answer;
      response.writeHead(status, headers).end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    script,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
