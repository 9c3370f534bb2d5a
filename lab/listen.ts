import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that listens, for this machine alone. */
export interface Listening {
  url: string;
  /** Cuts every connection, and resolves when the port is free again. */
  close: () => Promise<void>;
}

/** Has a server listen on a free port of the loopback address. */
export async function listen(server: Server): Promise<Listening> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
