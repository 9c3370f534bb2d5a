import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { listen, type Listening } from "../../lab/listen.ts";

/** A request that came to a {@link Subscriber}. */
interface Received {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An answer to give; `hang` gives none, `reset` cuts the connection. */
export type Scripted = number | "hang" | "reset" | { status: number; headers?: Record<string, string>; body?: string };

/** An HTTP server that answers by a script, the last answer for ever, and keeps what came. */
export interface Subscriber extends Listening {
  received: Received[];
  script: Scripted[];
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
  return { ...(await listen(server)), received, script };
}
