import assert from "node:assert/strict";
import { permissionsOf } from "../../responder/permissions.ts";
import { rules, TERMINATE } from "./fixtures.ts";

describe("the permissions of rules", () => {
  it("are those of their actions", () => {
    assert.deepEqual(permissionsOf(rules(TERMINATE)), [
      { apiGroups: [""], resources: ["pods"], verbs: ["delete", "get"] },
    ]);
  });

  it("follow the parameters, each resource once", () => {
    const more = TERMINATE + `
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
});
