import assert from "node:assert/strict";
import { evidence } from "../../../../responder/actions/kubernetes/evidence.ts";
import { LIMITS } from "../../../../responder/limits.ts";
import { apiError, cluster, CONTAINER_ID, container, occasion, running } from "../../fixtures.ts";

const APP = () => running(container("app", { containerID: CONTAINER_ID }));
const BUDGET = 384 * 1024;

async function kept(on: ReturnType<typeof cluster>, parameters: Record<string, unknown> = {}) {
  const { outcome, message, output } = await evidence.prepare(parameters).run(occasion(on));
  assert.equal(outcome, "done");
  assert.ok(output);
  assert.ok(Buffer.byteLength(output.text) <= LIMITS.output);
  const { truncated } = output;
  return { message, truncated, ...(JSON.parse(output.text) as { logs: { text?: string }[] }) };
}

describe("the logs that kubernetes:evidence keeps", () => {
  it("keeps the logs of all containers, and those from before a restart", async () => {
    const restarted = running(container("app", { containerID: CONTAINER_ID, restartCount: 2 }));
    const on = cluster({
      pod: () => ({
        ...restarted,
        status: {
          ...restarted.status,
          initContainerStatuses: [container("setup")],
          ephemeralContainerStatuses: [container("debug")],
        },
      }),
      log: (name) => `${name} says`,
    });
    const { logs, message, truncated } = await kept(on, { tail_lines: 5 });
    assert.deepEqual(logs, [
      { container: "app", previous: false, text: "app says", truncated: false },
      { container: "app", previous: true, text: "app says", truncated: false },
      { container: "setup", previous: false, text: "setup says", truncated: false },
      { container: "debug", previous: false, text: "debug says", truncated: false },
    ]);
    assert.equal(truncated, false);
    assert.match(message, / 4 logs$/);
    const asked = on.calls.filter(({ verb }) => verb === "log").map(({ body }) => body);
    const request = { tailLines: 5 };
    assert.deepEqual(asked, [request, { ...request, previous: true }, request, request]);
  });

  it("keeps the last 200 lines of each where tail_lines isn't given", async () => {
    const on = cluster({ pod: APP });
    await kept(on);
    assert.equal((on.calls.find(({ verb }) => verb === "log")?.body as { tailLines: number }).tailLines, 200);
  });

  it("keeps the reason of a container without a log", async () => {
    const on = cluster({
      pod: APP,
      log: () => {
        throw apiError(400, 'container "app" is waiting to start: ErrImagePull');
      },
    });
    const { logs, truncated } = await kept(on);
    assert.deepEqual(logs, [
      {
        container: "app",
        previous: false,
        reason: 'container "app" is waiting to start: ErrImagePull',
        truncated: false,
      },
    ]);
    assert.equal(truncated, false);
  });

  it("says that there was more of a log than is kept", async () => {
    const { logs, truncated } = await kept(cluster({ pod: APP, log: () => `${"x".repeat(BUDGET)}y` }));
    assert.deepEqual(logs, [
      { container: "app", previous: false, truncated: true, text: `${"x".repeat(BUDGET - 1)}y` },
    ]);
    assert.equal(truncated, true);
  });

  it("are nobody's where another pod has taken the name meanwhile", async () => {
    let looks = 0;
    const on = cluster({ pod: () => (looks++ === 0 ? APP() : { ...APP(), metadata: { uid: "another" } }) });
    const result = await evidence.prepare({}).run(occasion(on));
    assert.equal(result.outcome, "replaced");
    assert.equal(result.output, undefined);
  });

  it("are kept of a pod that has gone when they are read", async () => {
    let looks = 0;
    const on = cluster({
      pod: () => {
        if (looks++ > 0) throw apiError(404, "gone");
        return APP();
      },
      log: () => "the last words",
    });
    assert.equal((await kept(on)).logs[0]?.text, "the last words");
  });

  it("are those of so many containers and no more, of whatever they print", async () => {
    const many = () =>
      running(
        ...Array.from({ length: 10_000 }, (_, index) => container(`c-${index}`)),
        container("app", { containerID: CONTAINER_ID }),
      );
    const on = cluster({ pod: many, log: () => '\u001b]a;"'.repeat(200_000) });
    const { logs, truncated } = await kept(on);
    assert.equal(logs.length, LIMITS.logs);
    assert.equal(truncated, true);
  });
});
