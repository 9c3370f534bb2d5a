import type { IncomingMessage } from "node:http";
import { LIMITS } from "../limits.ts";
import { DeliveryError } from "./cloud-event.ts";

/** What becomes of a body larger than is read: it is refused, or its start is taken for it. */
export type TooLarge = "refuse" | "cut";

/** There is no room for one more body now. */
export class BusyError extends Error {
  override name = "BusyError";
}

/** Reads requests' bodies, no larger and no more at the same time than there is memory for. */
export class Bodies {
  readonly #tooLarge: TooLarge;
  #held = 0;

  constructor(tooLarge: TooLarge) {
    this.#tooLarge = tooLarge;
  }

  /** @throws {BusyError} @throws {DeliveryError} (413) */
  async read<T>(request: IncomingMessage, use: (body: Buffer) => Promise<T>): Promise<T> {
    let size = 0;
    try {
      const chunks: Buffer[] = [];
      if (Number(request.headers["content-length"]) > LIMITS.body) this.#refuse();
      for await (const chunk of request as AsyncIterable<Buffer>) {
        const room = LIMITS.body - size;
        if (chunk.length > room) this.#refuse();
        const part = chunk.subarray(0, room);
        if (part.length === 0) continue;
        if (this.#held + part.length > LIMITS.bodiesAtOnce) {
          throw new BusyError("there are too many alerts at once for one replica; this one is to come again");
        }
        this.#held += part.length;
        size += part.length;
        chunks.push(part);
      }
      return await use(Buffer.concat(chunks));
    } finally {
      this.#held -= size;
    }
  }

  #refuse(): void {
    if (this.#tooLarge === "refuse") throw new DeliveryError(413, `the body is larger than ${LIMITS.body} bytes`);
  }
}
