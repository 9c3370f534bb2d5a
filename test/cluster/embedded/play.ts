import type { Duplex, Writable } from "node:stream";

import * as ws from "ws";
import type { Answer, Api, KubernetesObject, Upgrade } from "../../support/api.ts";
import { eventually } from "../../support/eventually.ts";
import { apps, NOBODY, pods, type Request, type Step } from "./steps.ts";

/** A server under comparison: its administrator's client, and the token of the ServiceAccount. */
export interface Server {
  api: Api;
  reader: string;
}

/** Sends the requests, one after the other; tells the answers and what is there afterwards, then clears it away. */
export async function play({ api, reader }: Server, steps: readonly Step[]): Promise<unknown> {
  const tokens = { reader, anonymous: "", impostor: "made-up" };
  const bodies: KubernetesObject[] = [];
  const answers: { status: number; retryAfter: unknown; body: unknown; at: number }[] = [];
  const start = Date.now();
  const created = new Map<string, Set<string>>(
    [pods, `${apps}/replicasets`, `${apps}/statefulsets`].map((path) => [path, new Set()]),
  );
  for (const step of steps) {
    const request = typeof step === "function" ? step(bodies) : step;
    const token = request.as && tokens[request.as];
    const { status, headers, body } = await send(api, request, token);
    bodies.push(body);
    answers.push({ status, retryAfter: headers["retry-after"], body, at: Date.now() });
    const { kind, metadata } = body;
    const path = request.path.replace(/\?.*/, "");
    if (status === 201 && kind !== "Status" && metadata?.name)
      created.set(path, (created.get(path) ?? new Set()).add(metadata.name));
  }
  const left: KubernetesObject[] = [];
  for (const [path, names] of created) {
    const { items } = await api.demand<{ items: KubernetesObject[] }>("GET", path);
    for (const item of items.filter(({ metadata }) => names.has(metadata?.name ?? ""))) {
      // what waits for a finalizer alone is as good as gone
      if (item.metadata?.["deletionGracePeriodSeconds"] !== 0) left.push(item);
      await api.request("DELETE", `${path}/${item.metadata?.name ?? ""}`, { body: { gracePeriodSeconds: 0 } });
    }
  }
  const names = new Map<string, string>();
  return {
    answers: answers.map(({ body, at, ...answer }) => ({
      ...answer,
      body: comparable(body, names, { start, end: at }),
    })),
    left: left.map((object) => comparable(object, names, { start, end: Date.now() })),
  };
}

async function send(
  api: Api,
  { method, path, until, protocols, ...options }: Request,
  token: string | undefined,
): Promise<Answer> {
  if (protocols) {
    const answer = await api.upgrade(path, protocols, token);
    return "socket" in answer ? { ...answer, body: await listen(answer) } : answer;
  }
  const once = () => api.request(method, path, { ...options, ...(token !== undefined && { token }) });
  if (until === undefined) return await once();
  let answer: Answer | undefined;
  await eventually(`${method} ${path} is answered with "${until}"`, async () =>
    JSON.stringify((answer = await once()).body).includes(until),
  );
  return answer ?? (await once());
}

/** A client's end of a WebSocket on a connection that has been upgraded; ws's types leave it out. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

/** All that comes over a WebSocket of Kubernetes', by stream, and how it is closed. */
async function listen({ socket, head, headers }: Upgrade & { socket: Duplex }): Promise<KubernetesObject> {
  const streams: Record<string, string> = {};
  const told: { first?: number; closed?: number } = {};
  const receiver = new Receiver({ isServer: false });
  receiver.on("message", ([channel = 0, ...bytes]: Buffer) => {
    told.first ??= channel;
    streams[channel] = (streams[channel] ?? "") + Buffer.from(bytes).toString();
  });
  receiver.on("conclude", (code: number) => {
    told.closed = code;
    socket.end();
  });
  receiver.write(head);
  socket.pipe(receiver);
  await new Promise((resolve) => socket.once("close", resolve));
  return {
    protocol: headers["sec-websocket-protocol"],
    ...told,
    streams: { ...streams, 3: JSON.parse(streams["3"] ?? "null") as unknown },
  };
}

/**
 * What of a body doesn't depend on chance, on defaults of the pod's spec or on what a node does.
 * @param time from before the first request until this came
 */
function comparable(body: unknown, names: Map<string, string>, time: { start: number; end: number }): unknown {
  if (typeof body !== "object" || body === null) return body;
  const {
    apiVersion,
    kind,
    metadata = {},
    items,
    spec,
    status,
    ...rest
  } = body as KubernetesObject & { items?: KubernetesObject[]; status?: unknown };
  if (rest["streams"]) return rest;
  if (kind === "Status")
    return JSON.parse(
      named(JSON.stringify(body), names).replace(/(json parse error: ).*?(?=","reason)/, "$1…"),
    ) as unknown;
  if (items)
    return {
      apiVersion,
      kind,
      version: typeof metadata["resourceVersion"],
      items: items.map((item) => comparable(item, names, time)),
      ...rest,
    };
  const {
    name,
    namespace,
    uid = "",
    labels,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    creationTimestamp,
    generation,
  } = metadata;
  const { nodeName, terminationGracePeriodSeconds, replicas, unschedulable, policyTypes } = (spec ?? {}) as Record<
    string,
    unknown
  >;
  const { reason } = (status ?? {}) as Record<string, unknown>;
  const { data, type, rules, roleRef, involvedObject, message, count, reason: why } = rest;
  // its end is counted from when it was deleted first, which was while these requests went out; in whole seconds
  const deleted = deletionTimestamp && Date.parse(deletionTimestamp) - Number(deletionGracePeriodSeconds ?? 0) * 1000;
  const counted = deleted && deleted > time.start - 1000 && deleted <= time.end;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid: named(uid, names),
      labels,
      grace: deletionGracePeriodSeconds,
      endsAfterGrace: counted,
      created: typeof creationTimestamp,
      generation,
    },
    spec: { nodeName, terminationGracePeriodSeconds, replicas, unschedulable, policyTypes },
    status: { reason },
    rest: { data, type, rules, roleRef, involvedObject, message, count, why },
  };
}

/** Puts what is the same on both servers in the place of UIDs and versions. */
function named(text: string, names: Map<string, string>): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (uid) => {
      const name = uid === NOBODY ? uid : (names.get(uid) ?? `uid ${names.size + 1}`);
      names.set(uid, name);
      return name;
    })
    .replace(/in scheme \\".*?\\"/g, "in scheme …")
    .replace(/(ResourceVersion in (?:the precondition|record) \()\d+/g, "$1…");
}
