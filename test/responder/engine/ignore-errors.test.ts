import assert from "node:assert/strict";
import { ACTIONNERS } from "../../../responder/actions/catalogue.ts";
import type { Cluster } from "../../../responder/kubernetes/cluster.ts";
import { ApiError, FAILURES } from "../../../responder/kubernetes/errors.ts";
import { exampleFile } from "../../../responder/rules/example.ts";
import { loadRules } from "../../../responder/rules/load.ts";
import { respond } from "../../../responder/engine/respond.ts";
import type { Rule } from "../../../responder/rules/rule.ts";
import { alert, apiError, cluster, engine, rules, unreachable } from "../fixtures.ts";
import { quietly } from "../quietly.ts";
import { APP, responseOf, verbs } from "./given.ts";

/** Names a pod, and an object of each actionner's. */
const ALERT = alert({
  "ka.target.resource": "configmaps",
  "ka.target.namespace": "default",
  "ka.target.name": "alpine",
});

/** One of each kind of the table, of a status each that it names. */
const KINDS = FAILURES.flatMap(({ failure, codes }) =>
  (codes ?? [undefined]).map((code) => new ApiError(failure, "no", code === undefined ? {} : { code })),
);

/** Fails whatever it is asked. */
function failing(error: Error): Cluster & { asked: number } {
  const fail = () => {
    on.asked += 1;
    return Promise.reject(error);
  };
  const on = {
    asked: 0,
    get: fail,
    metadata: fail,
    list: fail,
    follow: fail,
    create: fail,
    patch: fail,
    delete: fail,
    log: fail,
    exec: fail,
  };
  return on;
}

describe("ignore_errors of every actionner", () => {
  quietly();
  for (const actionner of ACTIONNERS) {
    /** Its example, and then another action. */
    const [rule] = loadRules([exampleFile(actionner)]).map((one): Rule => {
      const actions = one.actions.map((action) => ({ ...action, continue: true, ignoreErrors: true }));
      const last = rules('- rule: R\n  actions: [{action: Last, actionner: "kubernetes:cordon", ignore_errors: true}]');
      assert.ok(last[0]);
      return { ...one, match: last[0].match, actions: [...actions, ...last[0].actions] };
    });
    assert.ok(rule);

    it(`has the rule go on after ${actionner.name}, whatever keeps that from being done, and tells it one priority higher`, async () => {
      for (const error of [...KINDS, new TypeError("a defect")]) {
        const on = failing(error);
        const verdict = await respond(ALERT, "key", engine(on, { rules: [rule] }));
        assert.ok("steps" in verdict);
        assert.deepEqual(
          verdict.steps.map(({ outcome }) => outcome),
          ["failed", "failed"],
          `${error.message} ${verdict.steps[0]?.message ?? ""}`,
        );
        assert.equal(verdict.response.priority, "Warning");
        assert.ok(on.asked >= 2);
      }
    });

    it(`is what decides: without it ${actionner.name} comes again where the table says so`, async () => {
      const [first, ...others] = rule.actions;
      assert.ok(first);
      const strict = { ...rule, actions: [{ ...first, ignoreErrors: false }, ...others] };
      for (const error of KINDS) {
        const row = FAILURES.find(
          ({ failure, codes }) => failure === error.failure && (codes ?? [error.code]).includes(error.code as number),
        );
        const result = respond(ALERT, "key", engine(failing(error), { rules: [strict] }));
        if (row?.told === "once more") await assert.rejects(result, { name: "RetryLater" });
        else assert.equal((await result).outcome, "failed");
      }
    });
  }

  for (const failure of [unreachable(), apiError(403, "no nodes for you"), apiError(503, "down")]) {
    it(`holds for an additional context that can't be read (${failure.message}): the action isn't run, and the next is`, async () => {
      const yaml = `
- rule: R
  actions:
    - {action: E, actionner: "kubernetes:exec", parameters: {command: ls}, additional_contexts: [k8snode], ignore_errors: true}
    - {action: T, actionner: "kubernetes:terminate"}
`;
      const on = cluster({
        pod: APP,
        node: () => {
          throw failure;
        },
      });
      const { outcome, steps, response } = await responseOf(on, yaml);
      assert.deepEqual(
        steps.map((step) => step.outcome),
        ["failed", "terminated"],
      );
      assert.equal(outcome, "failed");
      assert.equal(response.priority, "Warning");
      assert.ok(!verbs(on).includes("exec"));
    });
  }
});
