import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent, request } from "node:https";

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
  body: Body;
}

export interface RequestOptions {
  /** Sent as JSON (which is YAML too, as server-side apply wants). */
  body?: unknown;
  /** Sent as it is, in place of a body. */
  text?: string;
  /** `application/json` when left out; a PATCH needs its own. */
  contentType?: string;
  /** In place of the client's; empty for none. */
  token?: string;
}

/** Bare requests to an API server, as the tests must see every status and send what no client library would. */
export class Api {
  readonly url: string;
  readonly #agent: HttpAgent;
  readonly #request: typeof request;
  readonly #token: string;

  /** @param ca PEM of the authority that signed the server's certificate; unused where the URL is an `http:` one */
  constructor(url: string, ca: string, token: string) {
    const secure = url.startsWith("https:");
    this.url = url;
    this.#agent = secure ? new Agent({ ca, keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.#request = secure ? request : httpRequest;
    this.#token = token;
  }

  /** Sends one request; any status is an answer, only a failed connection is thrown. */
  async request<Body = KubernetesObject>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<Body>> {
    const { body, text, contentType = "application/json", token = this.#token } = options;
    return new Promise((resolve, reject) => {
      const payload = text ?? (body === undefined ? "" : JSON.stringify(body));
      const headers = {
        ...(token && { authorization: `Bearer ${token}` }),
        accept: "application/json",
        "content-type": contentType,
        // left to itself Node sends a DELETE's body without saying how long it is, and the server takes it for the next request
        "content-length": Buffer.byteLength(payload),
      };
      const sent = this.#request(new URL(path, this.url), { method, headers, agent: this.#agent }, (response) => {
        let answer = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (answer += chunk));
        response.once("error", reject);
        response.once("end", () => {
          const isJson = response.headers["content-type"]?.startsWith("application/json");
          resolve({ status: response.statusCode ?? 0, body: (isJson ? JSON.parse(answer) : answer) as Body });
        });
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

  close(): void {
    this.#agent.destroy();
  }
}
