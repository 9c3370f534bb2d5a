import assert from "node:assert/strict";
import { LIMITS } from "../../responder/limits.ts";

const MIB = 1024 * 1024;

describe("the limits", () => {
  it("are whole numbers above zero", () => {
    for (const [name, limit] of Object.entries(LIMITS)) assert.ok(Number.isSafeInteger(limit) && limit > 0, name);
  });

  it("leave what is sent to the Broker below what Kafka takes", () => {
    assert.ok(LIMITS.outputSent + 64 * 1024 < MIB);
    assert.ok(LIMITS.output <= LIMITS.outputSent);
  });

  it("together fit the pod's memory, of which 96 MiB are the program's own", () => {
    const held =
      LIMITS.bodiesAtOnce +
      LIMITS.rememberedBytes +
      LIMITS.progressBytes +
      LIMITS.commandsAtOnce * (LIMITS.output + LIMITS.streamMessage) +
      LIMITS.answersAtOnce +
      LIMITS.requestsAtOnce * LIMITS.errorAnswer;
    assert.ok(held < (256 - 96) * MIB, `${held / MIB} MiB`);
  });

  it("let a part be no larger than what it is part of", () => {
    const parts: [number, number][] = [
      [LIMITS.body, LIMITS.bodiesAtOnce],
      [LIMITS.batchAtOnce, LIMITS.batch],
      [LIMITS.field, LIMITS.message],
      [LIMITS.message, LIMITS.said],
      [LIMITS.page, LIMITS.listed],
      [LIMITS.listAnswer, LIMITS.listAnswers],
      [LIMITS.excerpt, LIMITS.output],
      [LIMITS.output, LIMITS.progressBytes],
      [LIMITS.evictionsAtOnce, LIMITS.podsOnNode],
      [LIMITS.largeAtOnce, LIMITS.requestsAtOnce],
      [LIMITS.listed, LIMITS.page * LIMITS.pages],
    ];
    for (const [part, whole] of parts) assert.ok(part <= whole, `${part} of ${whole}`);
  });
});
