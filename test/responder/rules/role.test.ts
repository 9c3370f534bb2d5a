import assert from "node:assert/strict";
import { isClaimed } from "../../../responder/rules/deduplication.ts";
import { permissionsOf } from "../../../responder/rules/role.ts";
import { rules, TERMINATE } from "../fixtures.ts";

describe("the permissions of rules", () => {
  it("are those of their actions", () => {
    assert.deepEqual(permissionsOf(rules(TERMINATE)), [
      { apiGroups: [""], resources: ["pods"], verbs: ["delete", "get"] },
    ]);
  });

  it("follow the parameters, each resource once", () => {
    const more =
      TERMINATE +
      `
- rule: Two
  actions: [{action: A, actionner: "kubernetes:terminate", parameters: {min_healthy_replicas: 1}}]
`;
    assert.deepEqual(permissionsOf(rules(more)), [
      { apiGroups: [""], resources: ["pods"], verbs: ["delete", "get"] },
      { apiGroups: ["apps"], resources: ["replicasets"], verbs: ["get"] },
      { apiGroups: ["apps"], resources: ["statefulsets"], verbs: ["get"] },
    ]);
  });

  it("are none for a rule that runs dry", () => {
    assert.deepEqual(permissionsOf(rules(`${TERMINATE}  dry_run: true`)), []);
  });

  describe("with Kubernetes Events and claims", () => {
    const LOG = `
- rule: Log
  actions: [{action: L, actionner: "kubernetes:log"}]
`;
    const eventVerbs = (yaml: string, events: boolean, deduplicationSeconds: number) =>
      permissionsOf(rules(yaml), { events, deduplicationSeconds }).find(({ resources }) => resources.includes("events"))
        ?.verbs;

    it("may create Events where they are told", () => {
      assert.deepEqual(permissionsOf(rules(TERMINATE), { events: true, deduplicationSeconds: 60 }), [
        { apiGroups: [""], resources: ["events"], verbs: ["create"] },
        { apiGroups: [""], resources: ["pods"], verbs: ["delete", "get"] },
      ]);
    });

    it("may read and change Events too where a rule is claimed, told or not", () => {
      assert.deepEqual(eventVerbs(LOG, true, 60), ["create", "get", "patch"]);
      assert.deepEqual(eventVerbs(LOG, false, 60), ["create", "get", "patch"]);
      assert.deepEqual(eventVerbs(TERMINATE + LOG, false, 60), ["create", "get", "patch"]);
    });

    it("claim nothing without a window, nor what changes nothing when it is done again", () => {
      assert.deepEqual(eventVerbs(LOG, true, 0), ["create"]);
      assert.equal(eventVerbs(LOG, false, 0), undefined);
      assert.equal(eventVerbs(TERMINATE, false, 60), undefined);
    });

    it("are none for rules that run dry, and don't count them", () => {
      const manners = { events: true, deduplicationSeconds: 60 };
      assert.deepEqual(permissionsOf(rules(`${LOG}  dry_run: true`), manners), []);
      assert.deepEqual(eventVerbs(`${TERMINATE}${LOG}  dry_run: true`, true, 60), ["create"]);
    });

    it("add the verbs of an action that reads Events itself", () => {
      assert.deepEqual(eventVerbs('- rule: E\n  actions: [{action: E, actionner: "kubernetes:evidence"}]', true, 60), [
        "create",
        "get",
        "list",
        "patch",
      ]);
    });
  });

  describe("where the pods of nameless containers are looked for", () => {
    const manners = { events: false, deduplicationSeconds: 0, findByContainer: true };
    const podVerbs = (yaml: string) =>
      permissionsOf(rules(yaml), manners).find(({ resources }) => resources.includes("pods"))?.verbs;

    it("may list pods where a rule acts on pods or their nodes", () => {
      assert.deepEqual(podVerbs(TERMINATE), ["delete", "get", "list"]);
      assert.deepEqual(podVerbs('- rule: R\n  actions: [{action: C, actionner: "kubernetes:cordon"}]'), [
        "get",
        "list",
      ]);
    });

    it("may not where none does, or all run dry", () => {
      const parameters = "parameters: {resources: [configmaps]}";
      const onObjects = `- rule: R\n  actions: [{action: D, actionner: "kubernetes:delete", ${parameters}}]`;
      assert.equal(podVerbs(onObjects), undefined);
      assert.equal(podVerbs(`${TERMINATE}  dry_run: true`), undefined);
    });
  });

  it("include those of the contexts that an action is told", () => {
    const exec = (contexts: string) =>
      `- rule: R\n  actions: [{action: E, actionner: "kubernetes:exec", parameters: {command: ls}${contexts}}]`;
    const nodes = { apiGroups: [""], resources: ["nodes"], verbs: ["get"] };
    assert.deepEqual(permissionsOf(rules(exec(", additional_contexts: [k8snode]"))), [
      nodes,
      ...permissionsOf(rules(exec(""))),
    ]);
  });
});

describe("the permissions for what is exempt", () => {
  const manners = { events: false, deduplicationSeconds: 0, exemptLabel: "response-engine.io/exempt" };
  const one = (actionner: string, more = "") =>
    rules(`- rule: R\n  actions: [{action: A, actionner: "${actionner}"${more}}]`);

  it("let pods, workloads and namespaces be followed where a rule disrupts, and not where none does", () => {
    const role = permissionsOf(one("kubernetes:terminate"), manners);
    const followed = role.filter(({ verbs }) => ["get", "list", "watch"].every((verb) => verbs.includes(verb)));
    assert.deepEqual(
      followed.flatMap(({ resources }) => resources),
      ["namespaces", "pods", "daemonsets", "deployments", "replicasets", "statefulsets", "cronjobs", "jobs"],
    );
    const label = one("kubernetes:label", ", parameters: {labels: {seen: x}}");
    assert.deepEqual(permissionsOf(label, manners), permissionsOf(label));
  });
});

describe("whether a rule is claimed before it acts", () => {
  const claimed = (actionner: string, seconds: number, more = "") =>
    isClaimed(
      rules(
        `- rule: R\n  actions: [{action: A, actionner: "kubernetes:terminate"}, {action: B, actionner: "${actionner}"}]\n${more}`,
      )[0] ?? assert.fail(),
      { events: false, deduplicationSeconds: seconds },
    );

  it("goes by the window, by its actions, and by whether it acts at all", () => {
    for (const actionner of ["kubernetes:log", "kubernetes:evidence", "kubernetes:drain"])
      assert.equal(claimed(actionner, 60), true, actionner);
    for (const actionner of ["kubernetes:terminate", "kubernetes:quarantine", "kubernetes:cordon"])
      assert.equal(claimed(actionner, 60), false, actionner);
    assert.equal(claimed("kubernetes:log", 0), false);
    assert.equal(claimed("kubernetes:log", 60, "  dry_run: true"), false);
  });
});
