import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { connect } from "../../../responder/kubernetes/client.ts";
import type { Cluster } from "../../../responder/kubernetes/cluster.ts";
import { ApiError } from "../../../responder/kubernetes/errors.ts";
import { EVENTS, PODS, WORKLOADS } from "../../../responder/kubernetes/resources.ts";
import { fakeApi, json, status, type Asked, type FakeApi } from "./api.ts";

const AT = { resource: PODS, namespace: "default", name: "alpine" };
const POD = { apiVersion: "v1", kind: "Pod", metadata: { name: "alpine", uid: "u" } };
const JOBS = WORKLOADS.find(({ name }) => name === "jobs") ?? assert.fail("no jobs");

describe("the Kubernetes API's client", () => {
  let api: FakeApi;
  let cluster: Cluster;
  let answer: (response: ServerResponse, asked: Asked) => void;

  beforeEach(async () => {
    answer = (response) => {
      json(response, POD);
    };
    api = await fakeApi((_request, response, asked) => {
      answer(response, asked);
    });
    cluster = connect(20_000, api.kubeconfig);
  });
  afterEach(() => api.stop());

  const lines = () => api.asked.map(({ method, url }) => `${method} ${url}`);
  const failure = async (request: Promise<unknown>) => {
    const thrown = await request.then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(thrown instanceof ApiError, String(thrown));
    return thrown;
  };

  it("asks as who the kubeconfig says", async () => {
    assert.deepEqual(await cluster.get(AT), POD);
    assert.equal(api.asked[0]?.headers["authorization"], "Bearer a-token");
    assert.deepEqual(lines(), ["GET /api/v1/namespaces/default/pods/alpine"]);
  });

  it("keeps its connections when it deletes pods", async () => {
    for (let count = 0; count < 10; count += 1) await cluster.delete(AT, { uid: "u" });
    assert.equal(api.asked.length, 10);
    assert.ok(api.connections() <= 2, `${api.connections()} connections`);
  });

  it("deletes that object alone, with what it owns, and says how long it has", async () => {
    await cluster.delete(AT, { uid: "u", gracePeriodSeconds: 0 });
    const job = { resource: JOBS, namespace: "default", name: "etl" };
    answer = (response) => {
      json(response, { kind: "Status", status: "Success" });
    };
    await cluster.delete(job, { uid: "v" });
    assert.deepEqual(lines(), [
      "DELETE /api/v1/namespaces/default/pods/alpine",
      "DELETE /apis/batch/v1/namespaces/default/jobs/etl",
    ]);
    assert.deepEqual(
      api.asked.map(({ body }) => JSON.parse(body) as unknown),
      [
        { propagationPolicy: "Background", preconditions: { uid: "u" }, gracePeriodSeconds: 0 },
        { propagationPolicy: "Background", preconditions: { uid: "v" } },
      ],
    );
  });

  it("sends what changes an object as a merge patch", async () => {
    await cluster.patch(AT, { metadata: { labels: { a: "b" } } });
    const [asked] = api.asked;
    assert.deepEqual(
      [asked?.method, asked?.url, asked?.headers["content-type"], asked?.body],
      [
        "PATCH",
        "/api/v1/namespaces/default/pods/alpine",
        "application/merge-patch+json",
        '{"metadata":{"labels":{"a":"b"}}}',
      ],
    );
  });

  it("asks for metadata alone, and takes the object where the API gives that", async () => {
    answer = (response) => {
      json(response, { kind: "PartialObjectMetadata", metadata: { uid: "u" } });
    };
    assert.equal((await cluster.metadata(AT)).metadata?.uid, "u");
    assert.match(
      api.asked[0]?.headers["accept"] ?? "",
      /^application\/json;as=PartialObjectMetadata;g=meta\.k8s\.io;v=v1,/,
    );
    answer = (response) => {
      json(response, POD);
    };
    assert.equal((await cluster.metadata(AT)).metadata?.uid, "u");
  });

  it("evicts, and takes the Status that says so", async () => {
    answer = (response) => {
      json(response, { kind: "Status", status: "Success" }, 201);
    };
    await cluster.create({ ...AT, subresource: "eviction" }, {});
    assert.deepEqual(lines(), ["POST /api/v1/namespaces/default/pods/alpine/eviction"]);
  });

  describe("takes a 2xx for no yes that holds", () => {
    const all: [string, () => Promise<unknown>][] = [
      ["get", () => cluster.get(AT)],
      ["metadata", () => cluster.metadata(AT)],
      ["create", () => cluster.create({ ...AT, name: undefined }, {})],
      ["patch", () => cluster.patch(AT, {})],
      ["delete", () => cluster.delete(AT, { uid: "u" })],
      ["evict", () => cluster.create({ ...AT, subresource: "eviction" }, {})],
      ["list", () => cluster.list({ resource: PODS }, { limit: 10 }, (item) => item)],
    ];
    const texts: [string, string][] = [
      ["HTML", "<html>sign in</html>"],
      ["nothing", ""],
      ["another kind", '{"kind":"Secret","items":[]}'],
      ["no kind", '{"metadata":{"uid":"u"},"items":[]}'],
      ["a list instead of an object", "[]"],
      ["a text", '"Pod"'],
    ];
    for (const [verb, ask] of all) {
      for (const [what, text] of texts) {
        it(`${what} (${verb})`, async () => {
          answer = (response) => response.end(text);
          assert.equal((await failure(ask())).failure, "not-kubernetes");
        });
      }
      it(`a Status that says no (${verb})`, async () => {
        answer = (response) => {
          json(response, status(403, "Forbidden", "not you"));
        };
        const { failure: kind, code, message } = await failure(ask());
        assert.deepEqual([kind, code, message], ["status", 403, "not you"]);
      });
      for (const code of [undefined, "403", 1e9, 200, 404.5, -1, null]) {
        it(`a Status that says no with the code ${JSON.stringify(code)} (${verb})`, async () => {
          answer = (response) => {
            json(response, { ...status(500, "Any"), code });
          };
          const { failure: kind, code: told } = await failure(ask());
          assert.deepEqual([kind, told], ["status", 500]);
        });
      }
    }
  });

  it("asks nothing where a name is none", async () => {
    for (const name of ["..", "", "a/b", "%2e%2e"]) {
      for (const ask of [
        () => cluster.get({ ...AT, name }),
        () => cluster.metadata({ ...AT, name }),
        () => cluster.delete({ ...AT, name }, { uid: "u" }),
        () => cluster.patch({ ...AT, namespace: name }, {}),
        () => cluster.list({ resource: EVENTS, namespace: name }, { limit: 1 }, (item) => item),
        () => cluster.log({ ...AT, name }, { container: "a", tailLines: 1 }),
        () => cluster.exec({ namespace: name, pod: "a", container: "a", command: [], timeout: 1000, limit: 10 }),
      ]) {
        assert.equal((await failure(ask())).failure, "name");
      }
    }
    assert.deepEqual(api.asked, []);
    assert.equal(api.connections(), 0);
  });

  it("gives a container's log, from its end, bounded", async () => {
    answer = (response) => response.writeHead(200, { "content-type": "text/plain" }).end('{"kind":"Status"}\n');
    assert.equal(await cluster.log(AT, { container: "app&x=y", tailLines: 5, previous: true }), '{"kind":"Status"}\n');
    const { pathname, searchParams } = new URL(api.asked[0]?.url ?? "", api.url);
    assert.equal(pathname, "/api/v1/namespaces/default/pods/alpine/log");
    const { accept } = api.asked[0]?.headers ?? {};
    assert.equal(accept, "text/plain,application/json", "the API refuses text/plain alone");
    assert.deepEqual(Object.fromEntries(searchParams), {
      container: "app&x=y",
      tailLines: "5",
      previous: "true",
      limitBytes: String(4 * 1024 * 1024),
    });
  });

  it("takes a page of a proxy's for no log", async () => {
    answer = (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
    assert.equal((await failure(cluster.log(AT, { container: "a", tailLines: 1 }))).failure, "not-kubernetes");
  });

  it("reads no more than so many bytes of an object", async () => {
    answer = (response) => {
      json(response, { ...POD, spec: "x".repeat(4 * 1024 * 1024) });
    };
    assert.equal((await failure(cluster.get(AT))).failure, "broken");
  });

  it("asks for so much at the same time, and no more", async () => {
    let [now, most] = [0, 0];
    answer = (response) => {
      most = Math.max(most, (now += 1));
      setImmediate(() => {
        now -= 1;
        json(response, POD);
      });
    };
    await Promise.all(Array.from({ length: 30 }, () => cluster.get(AT)));
    assert.ok(most <= 4, `${most} large answers at once`);
    await Promise.all(Array.from({ length: 200 }, () => cluster.patch(AT, {})));
    assert.ok(most <= 64, `${most} requests at once`);
  });
});
