import { setTimeout as sleep } from "node:timers/promises";
import { resourceOf } from "./kinds.ts";
import { isJson, type Json } from "./values.ts";

/** An object as a stack describes it. */
export interface ObjectInputs extends Json {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
}

/** A Kubernetes API, as a provider uses it. */
export class ApiClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** @throws ApiError with the request and the API's own words, "already exists" among them; as do all of these */
  async create(object: ObjectInputs): Promise<Json> {
    return await this.#send("POST", collection(object), object);
  }

  /** With `dryRun`, what would come of it. */
  async patch(object: ObjectInputs, patch: Json, { dryRun = false } = {}): Promise<Json> {
    return await this.#send(
      "PATCH",
      `${path(object)}${dryRun ? "?dryRun=All" : ""}`,
      patch,
      "application/merge-patch+json",
    );
  }

  /** Undefined where there is none. */
  async get(object: ObjectInputs): Promise<Json | undefined> {
    try {
      return await this.#send("GET", path(object));
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    }
  }

  /** Returns when the object is gone. */
  async delete(object: ObjectInputs): Promise<void> {
    try {
      await this.#send("DELETE", path(object));
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 404)) throw error;
    }
    while (await this.get(object)) await sleep(20);
  }

  async #send(method: string, path: string, body?: Json, type = "application/json"): Promise<Json> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { Authorization: `Bearer ${this.#token}`, ...(body && { "Content-Type": type }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = parsed(text);
    // what the API doesn't serve at all, it answers in plain text
    if (!response.ok) {
      const message = answer?.["message"];
      throw new ApiError(
        response.status,
        `${method} ${path} was answered ${response.status}: ${typeof message === "string" ? message : text.trim()}`,
      );
    }
    if (!answer)
      throw new Error(`${method} ${path} was answered ${response.status} with no JSON object: ${text.trim()}`);
    return answer;
  }
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function collection({ apiVersion, kind, metadata }: ObjectInputs): string {
  const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resource, namespaced } = resourceOf(apiVersion, kind);
  return namespaced ? `${base}/namespaces/${metadata.namespace ?? "default"}/${resource}` : `${base}/${resource}`;
}

function path(object: ObjectInputs): string {
  return `${collection(object)}/${encodeURIComponent(object.metadata.name)}`;
}

/** An answer that is no success: the message names request, status and body. */
export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
