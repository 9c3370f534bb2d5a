import assert from "node:assert/strict";
import { alertFilters, responseFilters } from "../../../stack/events/filters.ts";
import { describeStacks, find, programWith, refTo, RULES, STACKS } from "../evaluated.ts";

const TRIGGERS = ["alerts-trigger", "responses-trigger"];

describeStacks("the Triggers", (stack, program) => {
  const expected = STACKS[stack];
  const { namespace } = expected;

  it("are waited for until they are Ready, but not for ever", () => {
    for (const trigger of TRIGGERS) {
      const { inputs, timeouts } = find(program(), trigger);
      assert.equal(inputs.metadata.annotations?.["pulumi.com/waitFor"], "condition=Ready");
      assert.deepEqual(timeouts, { create: "3m", update: "3m" });
    }
  });

  it("sends the alerts that the rules may answer to the responder", () => {
    const { inputs } = find(program(), "alerts-trigger");
    assert.equal(inputs.metadata.namespace, namespace);
    assert.equal(inputs.spec.broker, "default");
    assert.deepEqual(inputs.spec.filters, alertFilters(RULES));
    assert.deepEqual(inputs.spec.subscriber, refTo("responder", namespace));
  });

  it("sends the responses back to falcosidekick, by way of the service that none of them becomes an alert through", () => {
    const { inputs } = find(program(), "responses-trigger");
    assert.equal(inputs.spec.broker, "default");
    assert.deepEqual(inputs.spec.filters, responseFilters());
    assert.deepEqual(inputs.spec.subscriber, refTo("responder-dead-letter", namespace));
  });

  it("retries with the configured backoff and then hands over to the dead letter service", () => {
    for (const trigger of TRIGGERS) {
      assert.deepEqual(find(program(), trigger).inputs.spec.delivery, {
        retry: expected.retry,
        backoffPolicy: "exponential",
        backoffDelay: "PT0.2S",
        deadLetterSink: refTo("responder-dead-letter", namespace),
      });
    }
  });
});

describe("the Triggers with values of the stack's own", () => {
  it("hand over to the sink that the stack names, and the service is there for the responses alone", async () => {
    const program = await programWith({ deliveryDeadLetterSink: "https://dead.example.com/" });
    assert.deepEqual(
      find(program, "responses-trigger").inputs.spec.subscriber,
      refTo("responder-dead-letter", "default"),
    );
    for (const trigger of TRIGGERS) {
      assert.deepEqual(find(program, trigger).inputs.spec.delivery["deadLetterSink"], {
        uri: "https://dead.example.com/",
      });
    }
  });

  it("retry as the stack says, each try with a time limit where it sets one", async () => {
    const program = await programWith({
      deliveryRetry: 3,
      deliveryBackoffPolicy: "linear",
      deliveryBackoffDelay: "PT5S",
      deliveryTimeout: "PT30S",
    });
    for (const trigger of TRIGGERS) {
      const { deadLetterSink, ...delivery } = find(program, trigger).inputs.spec.delivery;
      assert.deepEqual(deadLetterSink, refTo("responder-dead-letter", "default"));
      assert.deepEqual(delivery, { retry: 3, backoffPolicy: "linear", backoffDelay: "PT5S", timeout: "PT30S" });
    }
  });
});
