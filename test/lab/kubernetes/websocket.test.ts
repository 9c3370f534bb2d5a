import assert from "node:assert/strict";
import { encodeFrame, frameReader, type Frame } from "../../../lab/kubernetes/websocket.ts";

describe("WebSocket frames of the embedded Kubernetes API", () => {
  function read(bytes: Buffer, size: number): Frame[] {
    const frames: Frame[] = [];
    const take = frameReader(({ opcode, payload }) => frames.push({ opcode, payload }));
    for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size));
    return frames;
  }

  for (const length of [0, 1, 125, 126, 0xff_ff, 0x1_00_00]) {
    it(`of ${length} bytes are read as they were written, however they arrive`, () => {
      const payload = Buffer.alloc(length, "frame");
      const frames = [
        { opcode: 2, payload },
        { opcode: 8, payload: Buffer.from([3, 232]) },
      ];
      const bytes = Buffer.concat(frames.map((frame) => encodeFrame(frame.opcode, frame.payload)));
      for (const size of [bytes.length, 1000, 7]) assert.deepEqual(read(bytes, size), frames);
    });
  }

  it("that a client has masked are read as they were meant", () => {
    // the example of RFC 6455, section 5.7
    const masked = Buffer.from("818537fa213d7f9f4d5158", "hex");
    assert.deepEqual(read(masked, 3), [{ opcode: 1, payload: Buffer.from("Hello") }]);
  });

  it("beyond the limit are refused", () => {
    assert.throws(() => read(Buffer.from("827f0000000100000000", "hex"), 100), RangeError);
  });
});
