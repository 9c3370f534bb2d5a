import type { Kubernetes } from "../../../lab/kubernetes/server.ts";

/** One request of the administrator to the embedded API, and what it is answered: an object, or text. */
export async function ask({ url, adminToken }: Kubernetes, method: string, path: string, body?: unknown) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${adminToken}`,
      "Content-Type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    retryAfter: response.headers.get("retry-after"),
    said: text.startsWith("{") ? (JSON.parse(text) as Said) : {},
  };
}

interface Said {
  message?: string;
  details?: { causes?: { message: string }[] };
  status?: Record<string, unknown>;
}
