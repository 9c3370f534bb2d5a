import assert from "node:assert/strict";
import { ParameterError } from "../../../../responder/actions/parameters.ts";
import { log } from "../../../../responder/actions/kubernetes/log.ts";
import { alert, apiError, cluster, CONTAINER_ID, container, pod, running } from "../../fixtures.ts";

const TWO = () =>
  running(container("app", { containerID: "containerd://ffff" }), container("sidecar", { containerID: CONTAINER_ID }));
/** An alert that names the pod by its UID and no container. */
const NO_CONTAINER = { "container.id": null };
const LIMIT = 512 * 1024;

async function run(
  on: ReturnType<typeof cluster>,
  parameters: Record<string, unknown> = {},
  fields: Record<string, unknown> = {},
) {
  return await log
    .prepare(parameters)
    .run({ alert: alert(fields), cluster: on, protection: () => undefined, context: new Map() });
}

const read = (on: ReturnType<typeof cluster>) => on.calls.filter(({ verb }) => verb === "log");
const never = (name: string) => {
  throw apiError(400, `container "${name}" in pod "alpine" is waiting to start`);
};

describe("kubernetes:log", () => {
  it("keeps the last 20 lines of the container that the alert names", async () => {
    const on = cluster({ pod: TWO, log: () => "a\nb\n" });
    assert.deepEqual(await run(on), {
      outcome: "done",
      message: "kept the end of the log of sidecar of pod default/alpine",
      output: { mediaType: "text/plain", text: "a\nb\n", truncated: false },
    });
    assert.deepEqual(read(on), [
      {
        verb: "log",
        name: "sidecar",
        body: { tailLines: 20 },
      },
    ]);
  });

  it("knows a container that has restarted since", async () => {
    const on = cluster({
      pod: () =>
        running(
          container("app"),
          container("sidecar", { lastState: { terminated: { containerID: CONTAINER_ID, exitCode: 0 } } }),
        ),
    });
    await run(on);
    assert.deepEqual(
      read(on).map(({ name }) => name),
      ["sidecar"],
    );
  });

  it("keeps as many lines as tail_lines says, a number or a text", async () => {
    for (const tail_lines of [200, "200"]) {
      const on = cluster({ pod: TWO });
      await run(on, { tail_lines });
      assert.equal((read(on)[0]?.body as { tailLines: number }).tailLines, 200);
    }
    const on = cluster({ pod: TWO });
    await run(on, { tail_lines: 0 });
    assert.equal((read(on)[0]?.body as { tailLines: number }).tailLines, 20, "none is as if it weren't given");
    for (const tail_lines of [-1, "all", 1.5]) assert.throws(() => log.prepare({ tail_lines }), ParameterError);
  });

  it("keeps the logs of all containers where the alert names none, each under its name", async () => {
    const on = cluster({ pod: TWO, log: (name) => `${name} says\n` });
    const { message, output } = await run(on, {}, NO_CONTAINER);
    assert.equal(message, "kept the end of the log of app, sidecar of pod default/alpine");
    assert.equal(output?.text, "==> app <==\napp says\n\n==> sidecar <==\nsidecar says\n");
  });

  it("keeps the logs of those containers that have one", async () => {
    const on = cluster({ pod: TWO, log: (name) => (name === "app" ? never(name) : "sidecar says\n") });
    const { outcome, message, output } = await run(on, {}, NO_CONTAINER);
    assert.equal(outcome, "done");
    assert.equal(message, "kept the end of the log of sidecar of pod default/alpine");
    assert.equal(output?.text, "sidecar says\n");
  });

  it("fails where no container has a log, with the reasons", async () => {
    assert.deepEqual(await run(cluster({ pod: TWO, log: never }), {}, NO_CONTAINER), {
      outcome: "failed",
      message:
        'pod default/alpine has no log: container "app" in pod "alpine" is waiting to start; container "sidecar" in pod "alpine" is waiting to start',
    });
  });

  it("says that there was more, where the limit is reached", async () => {
    const kept = async (length: number, fields = {}) =>
      (await run(cluster({ pod: TWO, log: () => "é".repeat(length / 2 - 1) + "!!" }), {}, fields)).output;
    assert.deepEqual([(await kept(LIMIT))?.truncated, (await kept(LIMIT + 2))?.truncated], [false, true]);
    assert.match((await kept(LIMIT + 2))?.text ?? "", /é!!$/, "it is the start that is left out");
    assert.equal((await kept(LIMIT / 2 + 2, NO_CONTAINER))?.truncated, true);
  });

  it("finds nothing to do where the pod is gone, at first or midway", async () => {
    const gone = () => {
      throw apiError(404, 'pods "alpine" not found');
    };
    for (const on of [cluster({ pod: gone }), cluster({ pod: TWO, log: gone })]) {
      assert.deepEqual(await run(on), { outcome: "gone", message: "pod default/alpine is already gone" });
    }
  });

  it("leaves another pod's log alone", async () => {
    const on = cluster({ pod: () => ({ ...pod(), metadata: { uid: "another" } }) });
    assert.equal((await run(on)).outcome, "replaced");
    assert.deepEqual(read(on), []);
  });

  for (const code of [403, 500]) {
    it(`passes the API's ${code} on as it is`, async () => {
      const error = apiError(code, "no");
      await assert.rejects(
        run(
          cluster({
            pod: TWO,
            log: () => {
              throw error;
            },
          }),
        ),
        (thrown) => thrown === error,
      );
    });
  }

  it("keeps nothing where another pod has taken the name meanwhile: the log may be that one's", async () => {
    let looks = 0;
    const on = cluster({ pod: () => (looks++ === 0 ? TWO() : { ...TWO(), metadata: { uid: "another" } }) });
    const result = await run(on);
    assert.equal(result.outcome, "replaced");
    assert.equal(result.output, undefined);
  });

  it("reads the logs of so many containers and no more, and keeps no more of all than of one", async () => {
    const many = running(...Array.from({ length: 10_000 }, (_, index) => container(`c-${index}`)));
    const on = cluster({ pod: () => many, log: () => "x".repeat(LIMIT) });
    const { output } = await run(on, {}, NO_CONTAINER);
    assert.equal(read(on).length, 20);
    assert.equal(output?.truncated, true);
    assert.ok(Buffer.byteLength(output.text) <= LIMIT + 1024);
  });
});
