import assert from "node:assert/strict";
import type { Kubernetes } from "../../../lab/kubernetes/server.ts";
import { eventually } from "../../support/eventually.ts";
import { ask } from "./ask.ts";
import { createPod, pod, startWithNamespaces } from "./fixture.ts";

describe("the embedded Kubernetes API, going wrong on purpose", () => {
  let api: Kubernetes;

  beforeEach(async () => {
    api = await startWithNamespaces();
  });
  afterEach(async () => {
    await api.close();
  });

  for (const answer of [429, 500, 503, 504] as const) {
    it(`answers ${answer} as often as asked, then as usual`, async () => {
      await createPod(api);
      api.fail({ answer, times: 1, verb: "get" });
      const { status, headers, body } = await ask(api, "GET", pod);
      assert.deepEqual([status, body.kind, body.code], [answer, "Status", answer]);
      assert.equal(headers.get("retry-after"), answer === 429 ? "1" : null);
      assert.equal((await ask(api, "GET", pod)).status, 200);
    });
  }

  it("never answers, or cuts the connection", async () => {
    api.fail({ answer: "hang", times: 1 });
    const hangUp = new AbortController();
    const hanging = fetch(`${api.url}${pod}`, { signal: hangUp.signal });
    // who asks is known when the request is left to hang
    await eventually("the request has come", () => Promise.resolve(api.requests.some(({ user }) => user !== "")));
    hangUp.abort();
    await assert.rejects(hanging, { name: "AbortError" });
    api.fail({ answer: "reset", times: 1 });
    await assert.rejects(fetch(`${api.url}${pod}`), TypeError);
    assert.deepEqual(
      api.requests.slice(-2).map(({ status }) => status),
      [0, 0],
    );
  });
});
