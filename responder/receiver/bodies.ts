import type { IncomingMessage } from "node:http";
import { LIMITS } from "../limits.ts";
import { DeliveryError } from "./cloud-event.ts";

/** What becomes of a body larger than is read: it is refused, or its start is taken for it. */
export type TooLarge = "refuse" | "cut";

/** There is no room for one more body now. */
export class BusyError extends Error {
  override name = "BusyError";
}

/** Who sent a request has hung up before it was whole: there is nobody to answer. */
export class HungUpError extends Error {
  override name = "HungUpError";
}

/** Reads requests' bodies, no larger and no more at the same time than there is memory for. */
export class Bodies {
  readonly #tooLarge: TooLarge;
  #held = 0;

  constructor(tooLarge: TooLarge) {
    this.#tooLarge = tooLarge;
  }

  /** Bytes that are held now, of all bodies. */
  get held(): number {
    return this.#held;
  }

  /** @throws {BusyError} @throws {HungUpError} @throws {DeliveryError} (413) */
  async read<T>(request: IncomingMessage, use: (body: Buffer) => Promise<T>): Promise<T> {
    const chunks: Buffer[] = [];
    let size = 0;
    const release = () => {
      this.#held -= size;
      size = 0;
      chunks.length = 0;
    };
    try {
      let refusal = this.#refusalOf(Number(request.headers["content-length"] ?? 0));
      // to its end, kept or not: a connection that is closed in the middle of a body takes the answer with it
      for await (const chunk of whole(request)) {
        if (refusal) continue;
        const part = chunk.subarray(0, LIMITS.body - size);
        refusal = this.#refusalOf(size + chunk.length) ?? this.#busy(part.length);
        if (refusal) release();
        else if (part.length > 0) {
          this.#held += part.length;
          size += part.length;
          chunks.push(part);
        }
      }
      if (refusal) throw refusal;
      const body = Buffer.concat(chunks);
      // twice is once too often for as long as the work takes
      chunks.length = 0;
      return await use(body);
    } finally {
      release();
    }
  }

  #refusalOf(size: number): Error | undefined {
    if (this.#tooLarge === "cut" || size <= LIMITS.body) return undefined;
    return new DeliveryError(413, `the body is larger than ${LIMITS.body} bytes`);
  }

  #busy(more: number): Error | undefined {
    if (this.#held + more <= LIMITS.bodiesAtOnce) return undefined;
    return new BusyError("there are too many alerts at once for one replica; this one is to come again");
  }
}

async function* whole(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* request as AsyncIterable<Buffer>;
  } catch (error) {
    throw new HungUpError((error as Error).message);
  }
}
