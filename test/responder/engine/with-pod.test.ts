import assert from "node:assert/strict";
import { respond } from "../../../responder/engine/respond.ts";
import { apiError, cluster, TERMINATE, POD_UID, alert as alertOf } from "../fixtures.ts";
import { APP, engineOf, responseOf, verbs, type FakeCluster } from "./given.ts";

/** Of a container that Falco could not name, on node-1. */
const UNNAMED = { "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null };
const alert = (payload: Record<string, unknown> = {}) => alertOf(UNNAMED, payload);
const found = () => cluster({ onNode: () => [APP()] });
const respondTo = (on: FakeCluster, yaml = TERMINATE, about = alert()) =>
  responseOf(on, yaml, { findByContainer: true }, about);

describe("an alert of a container that Falco could not name", () => {
  it("is about the pod that has it, by its UID, where that is looked for", async () => {
    const on = found();
    const { outcome, response } = await respondTo(on);
    assert.equal(outcome, "terminated");
    assert.deepEqual(on.calls[1], { verb: "delete", name: "alpine", body: { uid: POD_UID, gracePeriodSeconds: 0 } });
    assert.equal(response.output_fields["k8s.pod.name"], "alpine");
    assert.equal(response.output_fields["k8s.pod.uid"], POD_UID);
  });

  it("asks nothing of the API where that isn't looked for", async () => {
    const on = found();
    const { response } = await responseOf(on, TERMINATE, {}, alert());
    assert.deepEqual(on.calls, []);
    assert.equal(response.priority, "Warning");
    assert.match(response.output, /Falco could not name the pod of container 3ad7b26ded6d$/);
  });

  it("is looked for once, however many rules and actions there are", async () => {
    const on = found();
    await respondTo(on, `${TERMINATE}\n${TERMINATE.replace("Terminate", "Again")}`);
    assert.equal(verbs(on).filter((verb) => verb === "list").length, 1);
  });

  it("is matched as if Falco had named the pod", async () => {
    const only = (condition: string) =>
      TERMINATE.replace("rules: [Terminal shell in container]", `output_fields: ['${condition}']`);
    const engine = (condition: string, on: FakeCluster) => engineOf(on, only(condition), { findByContainer: true });
    for (const condition of ["k8s.ns.name!=default", "k8s.pod.name=other", 'k8s.pod.name=""']) {
      const on = found();
      assert.deepEqual(await respond(alert(), "key", engine(condition, on)), { outcome: "no-match" }, condition);
      assert.deepEqual(verbs(on), ["list"]);
    }
    const verdict = await respond(alert(), "key", engine("k8s.ns.name=default", found()));
    assert.equal(verdict.outcome, "terminated");
  });

  it("leaves a protected namespace alone that it is found in", async () => {
    const on = found();
    const { outcome } = await responseOf(
      on,
      TERMINATE,
      { findByContainer: true, protectedNamespaces: new Set(["default"]) },
      alert(),
    );
    assert.equal(outcome, "ignored");
    assert.deepEqual(verbs(on), ["list"]);
  });

  it("is a failure, one priority higher, where no pod has it or nobody says on which node, and is said", async () => {
    const none = await respondTo(cluster({}));
    assert.equal(none.outcome, "failed");
    assert.equal(none.response.priority, "Warning");
    assert.match(none.response.output, /container 3ad7b26ded6d, and no pod on node node-1 has it$/);
    const on = found();
    const nowhere = await respondTo(on, TERMINATE, alert({ hostname: null }));
    assert.match(nowhere.response.output, /and the alert names no node to look for it on$/);
    assert.deepEqual(on.calls, []);
  });

  it("is a failure where the API refuses to list, and for later where it can't for now", async () => {
    const refusing = (code: number) =>
      cluster({
        onNode: () => {
          throw apiError(code, "no");
        },
      });
    const { response, apiErrors } = await respondTo(refusing(403));
    assert.match(response.output, /and looking for container 3ad7b26ded6d on node node-1 failed: no$/);
    assert.equal(apiErrors.length, 1);
    await assert.rejects(respondTo(refusing(503)), { name: "RetryLater" });
  });

  it("is not looked for where nothing would be done: in a dry run, or for a response that comes back", async () => {
    const on = found();
    await respondTo(on, `${TERMINATE}  dry_run: true`);
    const back = await respond(
      alert({ source: "response" }),
      "key",
      engineOf(on, TERMINATE, { findByContainer: true }),
    );
    assert.equal(back.outcome, "no-match");
    assert.deepEqual(on.calls, []);
  });

  it("is the host's, or a pod's that it names: nothing is looked for then", async () => {
    const on = found();
    await respondTo(on, TERMINATE, alertOf({ ...UNNAMED, "container.id": "host" }));
    await respondTo(on, TERMINATE, alertOf());
    assert.deepEqual(verbs(on), ["delete"]);
  });
});
