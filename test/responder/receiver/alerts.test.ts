import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { DeliveryError } from "../../../responder/receiver/cloud-event.ts";
import type { Answer } from "../../../responder/receiver/answer.ts";
import { apiError, cluster, shellAlert } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { deletes, start } from "./given.ts";

function payloadOf({ body }: Answer): { output_fields: Record<string, string> } {
  return JSON.parse(body ?? "") as { output_fields: Record<string, string> };
}

describe("the responder", () => {
  const logged = quietly();

  it("answers an alert it acted on with 200 and a reply CloudEvent", async () => {
    const answer = await start(cluster({}))(shellAlert());
    assert.equal(answer.status, 200);
    assert.equal(answer.headers?.["ce-type"], "falco.response.v1");
    assert.equal(answer.headers["ce-source"], "/response-engine/responder");
    assert.equal(answer.headers["ce-eventsource"], "response");
    assert.equal(answer.headers["ce-priority"], "Notice");
    assert.equal(answer.headers["ce-outcome"], "terminated");
    assert.equal(payloadOf(answer).output_fields["response.outcome"], "terminated");
  });

  it("answers with 204 and nothing where no rule matches", async () => {
    assert.deepEqual(await start(cluster({}))(shellAlert({}, { rule: "Other" })), { status: 204 });
  });

  it("answers with 503 and the API's Retry-After where the API can't do it now", async () => {
    const on = cluster({
      remove: () => {
        throw apiError(429, "slow down", 3);
      },
    });
    const answer = await start(on)(shellAlert());
    assert.equal(answer.status, 503);
    assert.equal(answer.headers?.["retry-after"], "3");
    assert.match(answer.body ?? "", /slow down/);
  });

  it("acts once on an alert delivered twice, and gives the same reply", async () => {
    const on = cluster({});
    const deliver = start(on);
    const first = await deliver(shellAlert());
    const again = await deliver(shellAlert(), { "ce-id": "2" });
    assert.equal(deletes(on), 1);
    assert.deepEqual(again, first);
    assert.deepEqual(
      logged.map((line) => (JSON.parse(line) as { outcome: string }).outcome),
      ["terminated", "duplicate"],
    );
  });

  it("acts once on an alert delivered twice at the same time", async () => {
    const on = cluster({});
    const deliver = start(on);
    await Promise.all([deliver(shellAlert()), deliver(shellAlert())]);
    assert.equal(deletes(on), 1);
  });

  it("acts again on a redelivery of what it could not do", async () => {
    let down = true;
    const on = cluster({
      remove: () => {
        if (down) throw apiError(503, "down");
        return {};
      },
    });
    const deliver = start(on);
    assert.equal((await deliver(shellAlert())).status, 503);
    down = false;
    assert.equal((await deliver(shellAlert())).status, 200);
    assert.equal(deletes(on), 2);
  });

  it("knows alerts without uuid by the event's source and id", async () => {
    const on = cluster({});
    const deliver = start(on);
    const payload = shellAlert({}, { uuid: undefined });
    await deliver(payload);
    await deliver(payload);
    assert.equal(deletes(on), 1);
    await deliver(payload, { "ce-id": "2" });
    assert.equal(deletes(on), 2);
  });

  it("gives the reply an id that a header can carry, whatever the alert's", async () => {
    const id = async (uuid: string) => (await start(cluster({}))(shellAlert({}, { uuid }))).headers?.["ce-id"] ?? "";
    assert.match(await id("ea247b3c"), /^response-ea247b3c-[0-9a-f]{16}$/);
    for (const uuid of ["a b", "überraschung ✓", "a\n", "x".repeat(257), "x".repeat(900_000)]) {
      assert.match(await id(uuid), /^response-[0-9a-f]{64}$/);
    }
    assert.notEqual(await id("überraschung ✓"), await id("überraschung ✗"));
  });

  it("goes by the payload, not by the header", async () => {
    const on = cluster({});
    const answer = await start(on)(shellAlert({}, { rule: "Other" }), { "ce-rule": "Terminal shell in container" });
    assert.equal(answer.status, 204);
    assert.equal((await start(on)(shellAlert(), { "ce-rule": "Other" })).status, 200);
  });

  it("refuses another type and what is no alert with 400", async () => {
    const deliver = start(cluster({}));
    const refused = (message: RegExp) => (error: unknown) =>
      error instanceof DeliveryError && error.status === 400 && message.test(error.message);
    await assert.rejects(
      deliver(shellAlert(), { "ce-type": "falco.response.v1" }),
      refused(/type "falco.response.v1"/),
    );
    await assert.rejects(deliver({ priority: "Notice" }), refused(/rule is missing/));
  });

  it("logs one line per alert, with outcome and duration", async () => {
    await start(cluster({}))(shellAlert());
    assert.equal(logged.length, 1);
    const { time, duration_ms, ...line } = JSON.parse(logged[0] ?? "") as Record<string, unknown>;
    assert.equal(typeof time, "string");
    assert.equal(typeof duration_ms, "number");
    assert.equal(line["outcome"], "terminated");
    assert.equal(line["uuid"], shellAlert().uuid);
    assert.equal(line["namespace"], "default");
    assert.equal(line["pod"], "alpine");
  });

  it("answers, and logs, before Kubernetes Events tell of it", async () => {
    const on = cluster({});
    const told = Promise.withResolvers<undefined>();
    on.create = () => told.promise;
    const { status } = await start(on, { events: true })(shellAlert());
    assert.equal(status, 200);
    assert.equal(logged.length, 1);
    told.resolve(undefined);
    await setImmediate();
    assert.equal(logged.length, 1);
  });

  it("takes two alerts that share a uuid for two", async () => {
    const on = cluster({});
    const deliver = start(on);
    await deliver(shellAlert());
    await deliver(shellAlert({ "k8s.pod.name": "another" }));
    assert.equal(deletes(on), 2);
  });

  it("answers an alert with an empty uuid for itself", async () => {
    const on = cluster({});
    const deliver = start(on);
    const one = await deliver(shellAlert({}, { uuid: "" }));
    const other = await deliver(shellAlert({ "k8s.pod.name": "another" }, { uuid: "" }), { "ce-id": "2" });
    assert.equal(deletes(on), 2);
    assert.equal(payloadOf(one).output_fields["k8s.pod.name"], "alpine");
    assert.equal(payloadOf(other).output_fields["k8s.pod.name"], "another");
  });

  it("answers an alert with a name that nothing can have with a failure, and asks nothing", async () => {
    const on = cluster({});
    const answer = await start(on)(shellAlert({ "k8s.pod.name": ".." }));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers?.["ce-outcome"], "failed");
    assert.equal(answer.headers["ce-priority"], "Warning");
    assert.deepEqual(on.calls, []);
  });

  it("answers a defect of an action's with a failure, and not again", async () => {
    const on = cluster({
      remove: () => {
        throw new TypeError("a bug");
      },
    });
    const deliver = start(on);
    assert.equal((await deliver(shellAlert())).headers?.["ce-outcome"], "failed");
    assert.equal((await deliver(shellAlert())).status, 200);
    assert.equal(deletes(on), 1);
  });
});
