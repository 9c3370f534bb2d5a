/**
 * Stands in for falcosidekick: takes Falco's alerts, and responses, checks them as falcosidekick does and posts them
 * to the Broker as its CloudEvents output does. It is for the lab and the tests alone.
 *
 * @see https://github.com/falcosecurity/falcosidekick/blob/master/handlers.go
 * @see https://github.com/falcosecurity/falcosidekick/blob/master/outputs/cloudevents.go
 */
import { randomUUID } from "node:crypto";
import { createServer, request as httpRequest } from "node:http";
import type { ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { isMap } from "../responder/json.ts";
import { writeHeaders } from "./broker/event.ts";
import { parseExact, stringifyLikeGo } from "./broker/json.ts";
import { listen } from "./listen.ts";

/** An alert as falcosidekick passes it on; numbers beyond JavaScript's keep their digits but are opaque. */
export interface SidekickPayload {
  uuid: string;
  output: string;
  priority: string;
  rule: string;
  time: string;
  output_fields: Record<string, unknown>;
  source: string;
  tags?: string[];
  hostname?: string;
}

/** What falcosidekick tells of its work. */
export type SidekickNote =
  | { kind: "accepted"; payload: SidekickPayload }
  | { kind: "rejected"; reason: string; body: string }
  /** `status` is the Broker's answer; undefined where there was none. */
  | { kind: "sent"; payload: SidekickPayload; status: number | undefined; duration: number };

export interface FalcosidekickOptions {
  /** Where the CloudEvents output posts to, asked at every send: the Broker starts after falcosidekick. */
  brokerUrl: () => string;
  /** What it adds to every event: CLOUDEVENTS_EXTENSIONS. */
  extensions?: Readonly<Record<string, string>>;
  onNote?: (note: SidekickNote) => void;
}

export interface Falcosidekick {
  url: string;
  /** Resolves when everything taken has been sent. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const PRIORITIES = ["Debug", "Informational", "Notice", "Warning", "Error", "Critical", "Alert", "Emergency"];
const ZERO_TIME = /^0001-01-01T00:00:00/;

/** Starts the stand-in on a free port. */
export async function startFalcosidekick({
  brokerUrl,
  extensions = {},
  onNote = () => undefined,
}: FalcosidekickOptions): Promise<Falcosidekick> {
  const outstanding = new Set<Promise<void>>();
  const take = (method: string | undefined, body: string, response: ServerResponse): void => {
    const payload = method === "POST" ? readPayload(body) : "Please send with post http method";
    if (typeof payload === "string") {
      onNote({ kind: "rejected", reason: payload, body });
      response
        .writeHead(400, { "Content-Type": "text/plain; charset=utf-8" })
        .end("Please send a valid request body\n");
      return;
    }
    onNote({ kind: "accepted", payload });
    // The real one answers before its outputs have sent
    response.writeHead(200).end();
    const sending = send(brokerUrl(), payload, extensions, onNote);
    outstanding.add(sending);
    void sending.finally(() => outstanding.delete(sending));
  };
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        take(request.method, body, response);
      },
      // whoever hangs up amid an alert hears nothing
      () => response.destroy(),
    );
  });
  return {
    ...(await listen(server)),
    async idle() {
      while (outstanding.size > 0) await Promise.all(outstanding);
    },
  };
}

/**
 * Decodes and checks what was posted, as `newFalcoPayload` and `FalcoPayload.Check` do.
 *
 * @returns the payload with a UUID of its own, or why it is refused
 */
export function readPayload(body: string): SidekickPayload | string {
  let content: unknown;
  try {
    content = parseExact(body);
  } catch {
    return "it is no JSON";
  }
  if (!isMap(content)) return "it is no JSON object";
  const { output, priority, rule, time, output_fields: fields, source, tags, hostname } = content;
  for (const [key, value] of Object.entries({ output, priority, rule, time, source, hostname })) {
    if (value !== undefined && value !== null && typeof value !== "string") return `${key} is no string`;
  }
  const known = PRIORITIES.find(
    (name) =>
      name.toLowerCase() ===
      String(priority)
        .toLowerCase()
        .replace(/^info$/, "informational"),
  );
  if (known === undefined) return `priority ${JSON.stringify(priority)} is none of ${PRIORITIES.join(", ")}`;
  if (typeof rule !== "string" || rule === "") return "rule is missing";
  if (typeof time !== "string" || ZERO_TIME.test(time)) return "time is missing";
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(time))
    return `time ${JSON.stringify(time)} is no RFC 3339 time`;
  if (!isMap(fields) || Object.keys(fields).length === 0) return "output_fields is missing or empty";
  for (const key of ["k8s.ns.name", "k8s.pod.name"]) {
    // the real one panics on anything else
    if (fields[key] !== undefined && fields[key] !== null && typeof fields[key] !== "string")
      return `output_fields: ${key} is no string`;
  }
  if (tags !== undefined && tags !== null && !(Array.isArray(tags) && tags.every((tag) => typeof tag === "string")))
    return "tags is no list of strings";
  return {
    uuid: randomUUID(),
    output: typeof output === "string" ? output : "",
    priority: known,
    rule,
    time,
    output_fields: Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))),
    source: typeof source === "string" && source !== "" ? source : "syscalls",
    ...(tags && tags.length > 0 ? { tags: tags.toSorted() } : {}),
    ...(typeof hostname === "string" && hostname !== "" ? { hostname } : {}),
  };
}

async function send(
  url: string,
  payload: SidekickPayload,
  extensions: Readonly<Record<string, string>>,
  onNote: (note: SidekickNote) => void,
): Promise<void> {
  const start = performance.now();
  const { headers, data } = eventOf(payload, extensions);
  const status = await new Promise<number | undefined>((resolve) => {
    const request = httpRequest(url, { method: "POST", headers }, (response) => {
      response.resume().on("end", () => {
        resolve(response.statusCode);
      });
    });
    request.on("error", () => {
      resolve(undefined);
    });
    request.end(data);
  });
  onNote({ kind: "sent", payload, status, duration: performance.now() - start });
}

/** An alert as its CloudEvents output sends it, in binary mode. */
export function eventOf(
  payload: SidekickPayload,
  extensions: Readonly<Record<string, string>>,
): { headers: ReturnType<typeof writeHeaders>; data: Buffer } {
  const data = Buffer.from(stringifyLikeGo(payload));
  const headers = writeHeaders({
    attributes: {
      specversion: "1.0",
      id: randomUUID(),
      type: "falco.rule.output.v1",
      source: "https://falco.org",
      time: payload.time,
      datacontenttype: "application/json",
      priority: payload.priority,
      rule: payload.rule,
      eventsource: payload.source,
      ...(payload.hostname === undefined ? {} : { hostname: payload.hostname }),
      ...extensions,
    },
    data,
  });
  return { headers, data };
}
