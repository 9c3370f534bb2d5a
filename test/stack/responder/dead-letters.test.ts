import assert from "node:assert/strict";
import { describeStacks, envOf, find, podOf, SIDEKICK } from "../evaluated.ts";

describeStacks("the dead letter service", (_, program) => {
  it("runs the dead letter service from the same image, without any permission", () => {
    const pod = podOf(program(), "dead-letters-service");
    assert.deepEqual(pod.containers[0].args, ["dead-letter"]);
    assert.equal(pod.serviceAccountName, find(program(), "dead-letters-account").inputs.metadata.name);
    assert.equal(pod.automountServiceAccountToken, false);
    assert.equal(envOf(program(), "dead-letters-service")["FALCOSIDEKICK_URL"], SIDEKICK);
    const bindings = program().resources.filter(({ type }) => type.endsWith("Binding"));
    assert.deepEqual(bindings.map(({ name }) => name).sort(), ["responder-binding", "responder-switch-binding"]);
  });
});
