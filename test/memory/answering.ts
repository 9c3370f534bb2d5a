import type { ServerResponse } from "node:http";
import type { Answering } from "./hostile-api.ts";

/** Writes a body piece by piece, as fast as it is read, as long as anybody reads. */
function pour(response: ServerResponse, head: string, part: string, size: number, tail = ""): void {
  response.write(head);
  let left = size;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= part.length;
      if (!response.write(part)) {
        response.once("drain", more);
        return;
      }
    }
    response.end(tail);
  };
  more();
}

export const JSON_TYPE = { "content-type": "application/json" };
/** An answer that is large by one text, repeated. */
export const large =
  (code: number, head: string, part: string, size: number, tail: string, type = JSON_TYPE): Answering =>
  (_request, response) => {
    response.writeHead(code, type);
    const piece = part.repeat(Math.ceil(65_536 / part.length));
    pour(response, head, piece, size - head.length - tail.length, tail);
    return true;
  };

/** Answers so where the path is one of these. */
export const on =
  (path: RegExp, how: Answering): Answering =>
  (request, response, body) =>
    path.test(request.url ?? "") && how(request, response, body);

/** Answers with this text of JSON. */
export const whole =
  (text: string): Answering =>
  (_request, response) => {
    response.writeHead(200, JSON_TYPE).end(text);
    return true;
  };
