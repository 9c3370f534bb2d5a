import assert from "node:assert/strict";
import { connect } from "../../../responder/kubernetes/client.ts";
import type { Cluster } from "../../../responder/kubernetes/cluster.ts";
import { ApiError } from "../../../responder/kubernetes/errors.ts";
import { NODES } from "../../../responder/kubernetes/resources.ts";
import { fakeApi, json, type FakeApi } from "./api.ts";

describe("a list of the Kubernetes API's", () => {
  let api: FakeApi;
  let cluster: Cluster;
  let page: (query: URLSearchParams, at: number) => object;

  beforeEach(async () => {
    api = await fakeApi((_request, response, { url }) => {
      json(response, { kind: "NodeList", ...page(new URL(url, api.url).searchParams, api.asked.length) });
    });
    cluster = connect(20_000, api.kubeconfig);
  });
  afterEach(() => api.stop());

  const queries = () => api.asked.map(({ url }) => Object.fromEntries(new URL(url, api.url).searchParams));
  const items = (count: number) => Array.from({ length: count }, (_, index) => ({ metadata: { name: `n${index}` } }));

  it("is read page by page, to its end", async () => {
    page = (query) =>
      query.has("continue")
        ? { items: items(20), metadata: { continue: "" } }
        : { items: items(100), metadata: { continue: "a&b" } };
    const { items: all, more } = await cluster.list(
      { resource: NODES },
      { labelSelector: "a=b", limit: 1000 },
      (item) => item,
    );
    assert.deepEqual([all.length, more], [120, false]);
    assert.deepEqual(queries(), [
      { labelSelector: "a=b", limit: "100" },
      { labelSelector: "a=b", limit: "100", continue: "a&b" },
    ]);
  });

  it("is read as far as is asked for, and says that there is more", async () => {
    page = (query) => ({ items: items(Number(query.get("limit"))), metadata: { continue: "next" } });
    const { items: all, more } = await cluster.list({ resource: NODES }, { limit: 300 }, (item) => item);
    assert.deepEqual([all.length, more], [300, true]);
    assert.deepEqual(
      queries().map(({ limit }) => limit),
      ["100", "100", "100"],
    );
  });

  it("without end, of empty pages, ends all the same", async () => {
    page = () => ({ items: [], metadata: { continue: "next" } });
    const { items: all, more } = await cluster.list({ resource: NODES }, { limit: 300 }, (item) => item);
    assert.deepEqual([all.length, more], [0, true]);
    assert.equal(api.asked.length, 100);
  });

  it("of large pages is read as far as there is memory for", async () => {
    const large = [{ metadata: { name: "n", annotations: { a: "x".repeat(4 * 1024 * 1024) } } }];
    page = () => ({ items: large, metadata: { continue: "next" } });
    const { items: all, more } = await cluster.list({ resource: NODES }, { limit: 1000 }, () => ({}));
    assert.deepEqual([all.length, more], [4, true]);
  });

  it("keeps of its items what it is told to, and no more than there is memory for", async () => {
    page = () => ({ items: items(100), metadata: { continue: "next" } });
    const kept = await cluster.list({ resource: NODES }, { limit: 100 }, (item) =>
      JSON.stringify(item).includes("n7") ? { name: "seven" } : undefined,
    );
    assert.equal(kept.items.length, 11);
    const filling = await cluster.list({ resource: NODES }, { limit: 100 }, () => ({ a: "x".repeat(200 * 1024) }));
    assert.deepEqual([filling.items.length, filling.more], [5, true]);
  });

  it("of 100 MB in one page is broken, and not read", async () => {
    page = () => ({ items: [{ metadata: { annotations: { a: "x".repeat(100 * 1024 * 1024) } } }] });
    await assert.rejects(
      cluster.list({ resource: NODES }, { limit: 1000 }, (item) => item),
      (error) => error instanceof ApiError && error.failure === "broken",
    );
  });

  for (const odd of [{}, { items: {} }, { items: null }, { items: [null] }, { items: ["a"] }, { items: [[]] }]) {
    it(`that holds ${JSON.stringify(odd)} is not the API's`, async () => {
      page = () => odd;
      await assert.rejects(
        cluster.list({ resource: NODES }, { limit: 10 }, (item) => item),
        (error) => error instanceof ApiError && error.failure === "not-kubernetes",
      );
    });
  }

  for (const metadata of [undefined, null, [], { continue: 7 }, { continue: null }]) {
    it(`whose metadata is ${JSON.stringify(metadata)} is at its end`, async () => {
      page = () => ({ items: items(1), metadata });
      const { items: all, more } = await cluster.list({ resource: NODES }, { limit: 10 }, (item) => item);
      assert.deepEqual([all.length, more], [1, false]);
    });
  }
});
