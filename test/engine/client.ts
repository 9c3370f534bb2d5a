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

  /** @throws Error with the API's own words, "already exists" among them */
  async create(object: ObjectInputs): Promise<Json> {
    return await this.#send("POST", collection(object), object);
  }

  async patch(object: ObjectInputs, patch: Json): Promise<Json> {
    return await this.#send("PATCH", path(object), patch, "application/merge-patch+json");
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
    const answer: unknown = await response.json();
    if (!isJson(answer)) throw new Error(`${method} ${path}: the API answered with no object`);
    if (!response.ok) throw new ApiError(response.status, String(answer["message"]));
    return answer;
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

export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
