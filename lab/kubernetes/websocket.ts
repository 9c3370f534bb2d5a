/** The server's side of a WebSocket, as far as Kubernetes' streams need it. @see https://www.rfc-editor.org/rfc/rfc6455 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const NORMAL = 1000;
/** No more than this in one frame: bytes. */
const FRAME_LIMIT = 4 * 1024 * 1024;

export interface Frame {
  /** 0 for what goes on with the frame before. */
  opcode: number;
  payload: Buffer;
}

/** The subprotocols a client would speak, in its order. */
export function protocolsOf(request: IncomingMessage): string[] {
  return (request.headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/**
 * Takes an upgrade.
 *
 * @param head what came with the request's headers
 * @param onMessage is called with the bytes of every frame
 * @param onClose is called once, when the client has gone or has said goodbye
 */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
  onMessage: (data: Buffer) => void,
  onClose: () => void,
) {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  const send = (opcode: number, payload: Buffer): void => {
    if (socket.writable) socket.write(encodeFrame(opcode, payload));
  };
  const close = (): void => {
    const code = Buffer.alloc(2);
    code.writeUInt16BE(NORMAL);
    send(CLOSE, code);
    socket.end();
  };
  const read = frameReader(({ opcode, payload }) => {
    if (opcode === CLOSE) close();
    else if (opcode === PING) send(PONG, payload);
    else if (opcode !== PONG) onMessage(payload);
  });
  const take = (chunk: Buffer): void => {
    try {
      read(chunk);
    } catch {
      socket.destroy();
    }
  };
  socket.on("data", take);
  // a client that cuts the connection is one that has gone
  socket.on("error", () => undefined);
  socket.once("close", onClose);
  if (head.length > 0) take(head);
  return {
    send: (data: Buffer) => {
      send(BINARY, data);
    },
    close,
  };
}

/** One frame, unmasked, as a server sends it. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 0x1_00_00 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = length < 126 ? length : length < 0x1_00_00 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

/**
 * Finds the frames, masked or not, in what comes over a connection.
 *
 * @returns takes the next bytes
 * @throws RangeError for a frame beyond the limit
 */
export function frameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let frame = firstFrame(rest); frame; frame = firstFrame(rest)) {
      rest = rest.subarray(frame.size);
      onFrame(frame);
    }
  };
}

function firstFrame(bytes: Buffer): (Frame & { size: number }) | undefined {
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (second & 0x80) !== 0;
  const start = 2 + extra + (masked ? 4 : 0);
  if (bytes.length < start) return undefined;
  const length = extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (length > FRAME_LIMIT) throw new RangeError(`a frame of ${length} bytes`);
  if (bytes.length < start + length) return undefined;
  const mask = bytes.subarray(start - 4, start);
  const payload = Buffer.from(bytes.subarray(start, start + length));
  if (masked) for (let at = 0; at < length; at += 1) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return { opcode: first & 0x0f, payload, size: start + length };
}
