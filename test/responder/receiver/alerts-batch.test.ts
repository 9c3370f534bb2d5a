import assert from "node:assert/strict";
import { DeliveryError } from "../../../responder/receiver/cloud-event.ts";
import { apiError, cluster, shellAlert } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { deletes, start } from "./given.ts";

describe("the responder, given a batch", () => {
  quietly();
  const batch = { "content-type": "application/cloudevents-batch+json" };
  const event = (id: number, fields: Record<string, unknown> = {}, type = "falco.rule.output.v1") => ({
    specversion: "1.0",
    id: String(id),
    source: "falco.org",
    type,
    data: shellAlert(fields, { uuid: `alert-${id}` }),
  });

  it("acts on each, and replies with a batch", async () => {
    const on = cluster({});
    const answer = await start(on)([event(1), event(2, { "k8s.pod.name": "other" })], batch);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers?.["content-type"], "application/cloudevents-batch+json");
    assert.deepEqual(
      (JSON.parse(answer.body ?? "") as { id: string }[]).map(({ id }) => id.replace(/-[0-9a-f]{16}$/, "")),
      ["response-alert-1", "response-alert-2"],
    );
    assert.deepEqual(
      on.calls.map(({ name }) => name),
      ["alpine", "other"],
    );
  });

  it("acts on the others where one is refused, and tells of that one among the replies", async () => {
    const on = cluster({});
    const answer = await start(on)([event(1, {}, "other"), event(2), null], batch);
    assert.equal(deletes(on), 1);
    assert.equal(answer.status, 200);
    const replies = JSON.parse(answer.body ?? "") as {
      outcome: string;
      data: { output: string; priority: string };
    }[];
    assert.deepEqual(
      replies.map(({ outcome }) => outcome),
      ["terminated", "refused", "refused"],
    );
    assert.match(replies[1]?.data.output ?? "", /no alert.*CloudEvents of type "other" are not answered/);
  });

  it("is to come again where one of its alerts is, and does the others once", async () => {
    let failures = 1;
    const on = cluster({
      remove: () => {
        if (failures-- > 0) throw apiError(503, "down");
      },
    });
    const deliver = start(on);
    const events = [event(1), { ...event(9), specversion: "0.3" }, event(2, { "k8s.pod.name": "other" })];
    assert.equal((await deliver(events, batch)).status, 503);
    const answer = await deliver(events, batch);
    assert.equal(answer.status, 200);
    assert.deepEqual(on.calls.map(({ name }) => name).toSorted(), ["alpine", "alpine", "other"]);
  });

  it("without an alert in it is refused", async () => {
    await assert.rejects(start(cluster({}))([null, event(1, {}, "other")], batch), DeliveryError);
  });

  it("of nothing has nothing to say", async () => {
    assert.deepEqual(await start(cluster({}))([], batch), { status: 204 });
  });
});
