import assert from "node:assert/strict";
import { RetryLater } from "../../../responder/engine/engine.ts";
import { responsePayload } from "../../../responder/engine/response.ts";
import { ApiError } from "../../../responder/kubernetes/errors.ts";
import { answerBatch } from "../../../responder/receiver/batch.ts";
import { DeliveryError } from "../../../responder/receiver/cloud-event.ts";
import { replyTo, type KeyedAlert, type Reply } from "../../../responder/receiver/reply.ts";
import type { FalcoPayload } from "../../../responder/alerts/falcosidekick.ts";
import { alert } from "../fixtures.ts";

const one = (key: string): KeyedAlert => ({ alert: alert(), key });
const reply = ({ alert: about, key }: KeyedAlert): Promise<Reply> =>
  Promise.resolve(replyTo(key, "done", responsePayload(about, [], "done")));
const broken = (message = "not an alert: rule is missing") => new DeliveryError(400, message);
const told = (body = "[]") => JSON.parse(body) as { id: string; outcome: string; data: FalcoPayload }[];

describe("a batch's answer", () => {
  it("holds the replies of its alerts, in their order", async () => {
    const { status, body } = await answerBatch([one("a"), one("b")], reply);
    assert.equal(status, 200);
    assert.deepEqual(
      told(body).map(({ id }) => id),
      ["response-a", "response-b"],
    );
  });

  it("is 204 where there is nothing to say of any", async () => {
    assert.deepEqual(await answerBatch([one("a")], () => Promise.resolve(undefined)), { status: 204 });
    assert.deepEqual(await answerBatch([], reply), { status: 204 });
  });

  it("tells of each that is no alert, as an alert of its own which nobody answers", async () => {
    const { body } = await answerBatch([broken(), one("a"), broken("another")], reply);
    const [done, ...refused] = told(body);
    assert.equal(done?.id, "response-a");
    assert.deepEqual(
      refused.map(({ outcome, data }) => [outcome, data.source, data.priority]),
      [
        ["refused", "response", "Error"],
        ["refused", "response", "Error"],
      ],
    );
    assert.equal(new Set(refused.map(({ id }) => id)).size, 2);
  });

  it("is a refusal where none of them is an alert", async () => {
    await assert.rejects(answerBatch([broken("first"), broken("second")], reply), { message: "first" });
  });

  it("is to come again where one is, after all the others were tried", async () => {
    const tried: string[] = [];
    const { status, headers } = await answerBatch([one("a"), broken(), one("b")], (of) => {
      tried.push(of.key);
      const wait = new ApiError("status", "slow down", { code: 429, retryAfter: 7 });
      return of.key === "a" ? Promise.reject(new RetryLater("later", [wait])) : reply(of);
    });
    assert.deepEqual(tried, ["a", "b"]);
    assert.deepEqual([status, headers?.["retry-after"]], [503, "7"]);
  });

  it("works on a few at the same time", async () => {
    let [now, most] = [0, 0];
    await answerBatch(
      Array.from({ length: 100 }, (_, index) => one(String(index))),
      async (of) => {
        most = Math.max(most, (now += 1));
        await new Promise((turn) => setImmediate(turn));
        now -= 1;
        return await reply(of);
      },
    );
    assert.equal(most, 8);
  });
});
