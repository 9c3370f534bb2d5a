import type { IncomingMessage } from "node:http";
import type { Attributes } from "./authorizer.ts";
import type { Resource } from "./resources.ts";

/** What a request's URL and method ask for. */
export interface Target {
  /** undefined where nothing of that name is served. */
  resource: Resource | undefined;
  attributes: Attributes;
  query: URLSearchParams;
}

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)\/(?:namespaces\/(?<namespace>[^/]+)\/(?=[^/]))?(?<resource>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?\/?$/;

/** @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
export function parseTarget(resources: readonly Resource[], request: IncomingMessage): Target {
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
  const method = request.method ?? "GET";
  const parts = resourcePath(pathname);
  if (!parts) {
    const attributes = {
      verb: method.toLowerCase(),
      apiGroup: "",
      resource: "",
      subresource: "",
      namespace: "",
      name: "",
      path: pathname,
    };
    return { resource: undefined, attributes, query };
  }
  const { group = "", version = "", namespace = "", resource: plural = "", name = "", subresource = "" } = parts;
  const resource = resources.find((one) => one.group === group && one.version === version && one.resource === plural);
  return {
    resource,
    query,
    attributes: {
      verb: name === "" && method === "GET" && flagOf(query, "watch") ? "watch" : verbOf(method, name),
      apiGroup: group,
      resource: plural,
      subresource,
      namespace: plural === "namespaces" ? name : namespace,
      name,
      path: pathname,
    },
  };
}

function resourcePath(pathname: string): Partial<Record<string, string>> | undefined {
  const groups = PATH.exec(pathname)?.groups;
  if (!groups) return undefined;
  const decoded = Object.fromEntries(
    Object.entries(groups).map(([key, value]) => [key, value && decodeURIComponent(value)]),
  );
  // `/api/v1/namespaces/x/status` is the namespace's own status, not a resource "status" in it
  if (decoded["namespace"] !== undefined && decoded["resource"] === "status" && decoded["name"] === undefined) {
    return {
      ...decoded,
      namespace: undefined,
      resource: "namespaces",
      name: decoded["namespace"],
      subresource: "status",
    };
  }
  return decoded;
}

function verbOf(method: string, name: string): string {
  if (method === "POST") return "create";
  if (method === "PUT") return "update";
  if (method === "PATCH") return "patch";
  if (method === "DELETE") return name === "" ? "deletecollection" : "delete";
  return name === "" ? "list" : "get";
}

/** A flag of the query: there, unless it says no, as the real server reads it. */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && !["false", "0"].includes(value.toLowerCase());
}
