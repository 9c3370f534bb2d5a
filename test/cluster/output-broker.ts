import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

import type { OutputData } from "../../responder/outputs/output-event.ts";

/** The Broker, as far as the responder sees of it when it posts the outputs of actions. */
export interface OutputBroker {
  readonly url: string;
  /** What it has answered with 202. */
  readonly taken: { headers: IncomingHttpHeaders; data: OutputData }[];
  /** Called before it answers, and says with which status; 202 where nobody sets it. */
  onPost: () => Promise<number>;
  stop(): void;
}

export async function startOutputBroker(): Promise<OutputBroker> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void broker.onPost().then((status) => {
        if (status === 202)
          broker.taken.push({
            headers: request.headers,
            data: JSON.parse(Buffer.concat(chunks).toString()) as OutputData,
          });
        response.writeHead(status).end();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const broker: OutputBroker = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: [],
    onPost: () => Promise.resolve(202),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return broker;
}
