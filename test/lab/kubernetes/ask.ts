import type { Json, KubernetesObject } from "../../../lab/kubernetes/object.ts";
import type { Kubernetes } from "../../../lab/kubernetes/server.ts";

/** An object, or a Status: what of both the tests read. */
type Body = Json &
  KubernetesObject & {
    message: string;
    reason: string;
    code: number;
    details?: Json & { causes?: { message: string }[] };
  };

/**
 * One request to the embedded API, and what it is answered; a patch is a merge patch unless `type` says otherwise.
 *
 * @param token the administrator's where it isn't given; empty for none
 */
export async function ask(
  api: Kubernetes,
  method: string,
  path: string,
  body?: unknown,
  {
    token = api.adminToken,
    accept = "*/*",
    type = method === "PATCH" ? "application/merge-patch+json" : "application/json",
  } = {},
) {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { ...(token === "" ? {} : { Authorization: `Bearer ${token}` }), "Content-Type": type, Accept: accept },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (text.startsWith("{") ? JSON.parse(text) : {}) as Body,
  };
}
