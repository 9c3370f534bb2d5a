import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import fc from "fast-check";
import { connect } from "../../../responder/kubernetes/client.ts";
import type { Cluster } from "../../../responder/kubernetes/cluster.ts";
import { ApiError, isNotFound } from "../../../responder/kubernetes/errors.ts";
import { NETWORKPOLICIES, PODS } from "../../../responder/kubernetes/resources.ts";
import { LIMITS } from "../../../responder/limits.ts";
import { fakeApi, type FakeApi } from "./api.ts";

const AT = { resource: PODS, namespace: "default", name: "alpine" };

interface Answered {
  code: number;
  type: string;
  body: string;
  more: Record<string, string>;
  /** Whether the connection ends in the middle of it. */
  cut: boolean;
}

const kind = fc.constantFrom(
  "Pod",
  "PodList",
  "Status",
  "PartialObjectMetadata",
  "NetworkPolicyList",
  "Secret",
  "",
  7,
  null,
);
const answerObject = fc.record(
  {
    kind,
    status: fc.constantFrom("Success", "Failure", "", 1, null),
    code: fc.constantFrom(200, 404, 409, 422, 503, -1, 1e9, 1.5, "404", null),
    reason: fc.constantFrom("NotFound", "Conflict", "a b", "", "x".repeat(5000), 7),
    message: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\u001b[2J\n\u202e", "x".repeat(20_000), 7, null)),
    items: fc.oneof(fc.array(fc.jsonValue(), { maxLength: 3 }), fc.jsonValue()),
    metadata: fc.oneof(
      fc.jsonValue(),
      fc.record({ continue: fc.constantFrom("more", "", 7, "&limit=1e9#") }, { requiredKeys: [] }),
    ),
    __proto__: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const answers: fc.Arbitrary<Answered> = fc.record({
  code: fc.constantFrom(200, 200, 200, 201, 204, 301, 307, 304, 400, 401, 403, 404, 404, 409, 422, 429, 500, 503, 599),
  type: fc.constantFrom("application/json", "text/plain", "text/html", ""),
  body: fc.oneof(
    answerObject.map((object) => JSON.stringify(object)),
    fc.constantFrom("", "<html>", "null", "[]", "{}", '{"kind":"Pod"', "x".repeat(100_000)),
    fc.string({ unit: "binary" }),
  ),
  more: fc.dictionary(
    fc.constantFrom("retry-after", "location", "x-other"),
    fc.constantFrom("1", "-1", "1e9", "never", "http://127.0.0.1:1/api/v1/pods/x", "/api/v1/namespaces/kube-system"),
    { maxKeys: 2, noNullPrototype: true },
  ),
  cut: fc.boolean().map((odd) => odd),
});

/** What the client can be asked, and the kinds of object that it may give for it. */
const ASKED: Record<string, (cluster: Cluster) => Promise<unknown>> = {
  get: (cluster) => cluster.get(AT),
  metadata: (cluster) => cluster.metadata(AT),
  list: (cluster) => cluster.list({ resource: NETWORKPOLICIES, namespace: "default" }, { limit: 10 }, (item) => item),
  create: (cluster) => cluster.create({ resource: PODS, namespace: "default" }, {}),
  evict: (cluster) => cluster.create({ ...AT, subresource: "eviction" }, {}),
  patch: (cluster) => cluster.patch(AT, {}),
  delete: (cluster) => cluster.delete(AT, { uid: "u" }),
  log: (cluster) => cluster.log(AT, { container: "app", tailLines: 1 }),
};
const KINDS: Record<string, readonly unknown[]> = {
  get: ["Pod"],
  metadata: ["Pod", "PartialObjectMetadata"],
  create: ["Pod"],
  evict: ["Status"],
  patch: ["Pod"],
};

describe("whatever answers in the Kubernetes API's place", function () {
  this.timeout(120_000);
  let api: FakeApi;
  let cluster: Cluster;
  let next: Answered;

  before(async () => {
    api = await fakeApi((_request, response) => {
      give(response, next);
    });
    cluster = connect(20_000, api.kubeconfig);
  });
  after(() => api.stop());

  for (const [verb, ask] of Object.entries(ASKED)) {
    it(`${verb} gives what was asked for, or says why not, and asks nobody else`, async () => {
      await fc.assert(
        fc.asyncProperty(answers, async (given) => {
          next = given;
          const before = api.asked.length;
          const result = await ask(cluster).catch((thrown: unknown) => {
            checkError(thrown, given);
            return undefined;
          });
          const asked = api.asked.slice(before);
          assert.ok(asked.length <= LIMITS.pages);
          for (const { url } of asked) assert.match(url, /^\/api(s\/networking\.k8s\.io)?\/v1\/namespaces\/default\//);
          if (result === undefined) return;
          assert.ok(given.code < 300 && !given.cut, "only a whole 2xx is a yes");
          const kinds = KINDS[verb];
          if (kinds) assert.ok(kinds.includes((result as { kind?: unknown }).kind));
        }),
        { seed: 20261125, numRuns: 250 },
      );
    });
  }
});

function give(response: ServerResponse, { code, type, body, more, cut }: Answered): void {
  const length = Buffer.byteLength(body);
  response.writeHead(code, {
    ...(type !== "" && { "content-type": type }),
    ...more,
    ...(cut && { "content-length": length + 10 }),
  });
  if (!cut) return void response.end(body);
  response.write(body === "" ? " " : body);
  setImmediate(() => response.destroy());
}

function checkError(thrown: unknown, { code, body, cut }: Answered): void {
  assert.ok(thrown instanceof ApiError, thrown instanceof Error ? thrown.stack : String(thrown));
  assert.notEqual(thrown.failure, "defect");
  assert.ok(Buffer.byteLength(thrown.message) <= LIMITS.message);
  assert.doesNotMatch(thrown.message, /[\p{Cc}\p{Cf}\p{Cs}]/u);
  const { retryAfter } = thrown;
  assert.ok(retryAfter === undefined || (retryAfter > 0 && retryAfter <= 3600));
  // gone is what the API itself calls so
  if (isNotFound(thrown))
    assert.ok(!cut && (code === 404 || code < 300) && body.includes('"NotFound"') && body.includes('"Status"'));
}
