import { randomBytes } from "node:crypto";
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";

/** A Kubernetes object, read only as far as the tests need. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export interface Status {
  kind: "Status";
  status: string;
  reason?: string;
  message?: string;
  code?: number;
}

export interface Answer<Body = KubernetesObject> {
  status: number;
  headers: IncomingHttpHeaders;
  body: Body;
}

/** A connection that has been handed over, and what came with its headers. */
export interface Upgrade {
  status: 101;
  headers: IncomingHttpHeaders;
  socket: Duplex;
  head: Buffer;
}

export interface RequestOptions {
  /** Sent as JSON (which is YAML too, as server-side apply wants). */
  body?: unknown;
  /** Sent as it is, in place of a body. */
  text?: string;
  /** `application/json` when left out; a PATCH needs its own. */
  contentType?: string;
  /** `application/json` when left out; empty for none. */
  accept?: string;
  /** In place of the client's; empty for none. */
  token?: string;
}

/** Bare requests to an API server, as the tests must see every status and send what no client library would. */
export class Api {
  readonly url: string;
  readonly #agent: HttpAgent;
  readonly #request: typeof request;
  readonly #ca: string;
  readonly #token: string;

  /** @param ca PEM of the authority that signed the server's certificate; unused where the URL is an `http:` one */
  constructor(url: string, ca: string, token: string) {
    const secure = url.startsWith("https:");
    this.url = url;
    this.#ca = ca;
    this.#agent = secure ? new Agent({ ca, keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.#request = secure ? request : httpRequest;
    this.#token = token;
  }

  /** Sends one request; any status is an answer, only a failed connection is thrown. */
  async request<Body = KubernetesObject>(
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<Answer<Body>> {
    const { body, text: plain, contentType = "application/json", accept = "application/json" } = options;
    const { token = this.#token } = options;
    return new Promise((resolve, reject) => {
      const payload = plain ?? (body === undefined ? "" : JSON.stringify(body));
      const headers = {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(accept && { accept }),
        "content-type": contentType,
        // left to itself Node sends a DELETE's body without saying how long it is, and the server takes it for the next request
        "content-length": Buffer.byteLength(payload),
      };
      const sent = this.#request(new URL(path, this.url), { method, headers, agent: this.#agent }, (response) => {
        read<Body>(response).then(resolve, reject);
      });
      sent.once("error", reject);
      sent.end(payload);
    });
  }

  /** Sends a request that has to succeed. @throws with the server's own words where it does not */
  async demand<Body = KubernetesObject>(method: string, path: string, options: RequestOptions = {}): Promise<Body> {
    const { status, body } = await this.request<Body>(method, path, options);
    if (status >= 300) throw new Error(`${method} ${path} was answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Asks for a WebSocket; any answer but 101 is one like those to other requests. */
  async upgrade(path: string, protocols: readonly string[], token = this.#token): Promise<Answer | Upgrade> {
    return new Promise((resolve, reject) => {
      const headers = {
        ...(token && { authorization: `Bearer ${token}` }),
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64"),
        ...(protocols.length > 0 && { "sec-websocket-protocol": protocols.join(", ") }),
      };
      // on a connection of its own, as the server closes one that it doesn't hand over
      const sent = this.#request(new URL(path, this.url), { headers, agent: false, ca: this.#ca }, (response) => {
        read(response).then(resolve, reject);
      });
      sent.once("upgrade", (response, socket, head) => {
        resolve({ status: 101, headers: response.headers, socket, head });
      });
      sent.once("error", reject);
      sent.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function read<Body = KubernetesObject>(response: IncomingMessage): Promise<Answer<Body>> {
  const answer = await text(response);
  const isJson = response.headers["content-type"]?.startsWith("application/json");
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: (isJson ? JSON.parse(answer) : answer) as Body,
  };
}
