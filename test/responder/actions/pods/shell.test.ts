import assert from "node:assert/strict";
import type { V1Pod } from "@kubernetes/client-node";
import { runInContainer } from "../../../../responder/actions/pods/shell.ts";
import type { CommandResult } from "../../../../responder/kubernetes/cluster.ts";
import { alert, apiError, cluster, CONTAINER_ID, container, pod, running } from "../../fixtures.ts";

const SHELL = { shell: "/bin/sh", timeout_seconds: 20 };
const TWO = running(
  container("app", { containerID: "containerd://ffff" }),
  container("sidecar", { containerID: CONTAINER_ID }),
);

async function run(on: ReturnType<typeof cluster>, fields: Record<string, unknown> = {}, shell = SHELL) {
  const about = alert(fields);
  const reference = about.named.pod;
  assert.ok(reference);
  return await runInContainer(
    { alert: about, pod: reference, cluster: on, protection: () => undefined, context: new Map() },
    "ls",
    shell,
    "the command",
  );
}

/** Gives one pod when it is read first, and the other from then on. */
function first(before: () => V1Pod, after: () => V1Pod): () => V1Pod {
  let read = 0;
  return () => (read++ === 0 ? before() : after());
}

const ending = (ended: Partial<CommandResult>) => () => ({ output: "half of it", truncated: false, ...ended });
const KEPT = { mediaType: "text/plain", text: "half of it", truncated: false };
const another = (): V1Pod => ({ ...TWO, metadata: { ...TWO.metadata, uid: "another" } });
const gone = () => {
  throw apiError(404, 'pods "alpine" not found');
};

describe("what runs in a container", () => {
  it("runs there with the shell, the time and no more output than is kept", async () => {
    const on = cluster({ pod: () => TWO });
    await run(on, {}, { shell: "/bin/bash", timeout_seconds: 7 });
    const command = {
      namespace: "default",
      pod: "alpine",
      container: "sidecar",
      command: ["/bin/bash", "-c", "ls"],
      timeout: 7000,
      limit: 512 * 1024,
    };
    assert.deepEqual(
      on.calls.map(({ verb }) => verb),
      ["get", "exec", "get metadata"],
    );
    assert.deepEqual(on.calls[1]?.body, command);
  });

  const containers: [string, V1Pod, Record<string, unknown>, string][] = [
    ["that the alert names", TWO, {}, "sidecar"],
    [
      "that the alert names, and that has restarted since",
      running(
        container("app"),
        container("sidecar", {
          containerID: "containerd://ffff",
          lastState: { terminated: { containerID: CONTAINER_ID, exitCode: 1 } },
        }),
      ),
      {},
      "sidecar",
    ],
    ["that is the pod's first, where the alert names none", TWO, { "container.id": null }, "app"],
  ];
  for (const [which, on, fields, name] of containers) {
    it(`runs in the container ${which}`, async () => {
      const asked = cluster({ pod: () => on });
      assert.equal((await run(asked, fields)).outcome, "done");
      assert.equal(asked.calls[1]?.name, name);
    });
  }

  it("runs in the container that an audit alert names, and nowhere where the pod has none such", async () => {
    const audit = (name: string) => ({
      "container.id": null,
      "k8s.pod.name": null,
      "ka.target.resource": "pods",
      "ka.target.namespace": "default",
      "ka.target.name": "alpine",
      "ka.uri.param[container]": name,
    });
    const old = {
      ...TWO,
      metadata: { ...TWO.metadata, creationTimestamp: "2026-01-01T00:00:00Z" },
    } as unknown as V1Pod;
    const on = cluster({ pod: () => old });
    assert.equal((await run(on, audit("sidecar"))).outcome, "done");
    assert.equal(on.calls[1]?.name, "sidecar");
    assert.deepEqual(await run(cluster({ pod: () => old }), audit("other")), {
      outcome: "failed",
      message: "the command was not run: pod default/alpine has no container other",
    });
  });

  it("runs in the container of the ephemeral kind that the alert names", async () => {
    const on = cluster({
      pod: () => ({
        ...TWO,
        status: { ephemeralContainerStatuses: [container("debug", { containerID: CONTAINER_ID })] },
      }),
    });
    await run(on);
    assert.equal(on.calls[1]?.name, "debug");
  });

  it("fails with the exit code, and its output is kept", async () => {
    const on = cluster({ pod: () => TWO, exec: ending({ failure: "it ended with exit code 2" }) });
    assert.deepEqual(await run(on), {
      outcome: "failed",
      message: "the command failed in container sidecar of pod default/alpine: it ended with exit code 2",
      output: KEPT,
    });
  });

  it("says whether there was more than is kept", async () => {
    const { output } = await run(cluster({ pod: () => TWO, exec: ending({ truncated: true }) }));
    assert.deepEqual(output, { ...KEPT, truncated: true });
  });

  it("has the escape sequences of a terminal taken out of its output", async () => {
    const on = cluster({
      pod: () => TWO,
      exec: ending({ output: "\u001b[01;34mbin\u001b[0m\n\u001b]0;title\u0007etc\n" }),
    });
    assert.equal((await run(on)).output?.text, "bin\netc\n");
  });

  it("fails where another pod took the name while it ran, and its output is kept", async () => {
    const on = cluster({ pod: first(() => TWO, another), exec: ending({}) });
    assert.deepEqual(await run(on), {
      outcome: "failed",
      message: "the command ran, but another pod took the name default/alpine meanwhile, and it may have run there",
      output: KEPT,
    });
  });

  it("compares the pod afterwards by its UID, where the alert has only the container's id", async () => {
    const on = cluster({ pod: first(() => TWO, another) });
    assert.equal((await run(on, { "k8s.pod.uid": null })).outcome, "failed");
  });

  it("is done where the pod is gone afterwards: it ran, and may have been the reason", async () => {
    const { outcome, output } = await run(cluster({ pod: first(() => TWO, gone), exec: ending({}) }));
    assert.equal(outcome, "done");
    assert.deepEqual(output, KEPT);
  });

  it("is not run where the pod is gone, or another, before it", async () => {
    for (const [answer, outcome] of [
      [gone, "gone"],
      [another, "replaced"],
    ] as const) {
      const on = cluster({ pod: answer });
      assert.equal((await run(on)).outcome, outcome);
      assert.deepEqual(
        on.calls.map(({ verb }) => verb),
        ["get"],
      );
    }
  });

  it("finds the pod gone where the API does, when it is to be begun", async () => {
    assert.deepEqual(await run(cluster({ pod: () => TWO, exec: gone })), {
      outcome: "gone",
      message: "pod default/alpine is already gone",
    });
  });

  const errors: [string, Error][] = [
    ["403", apiError(403, "forbidden")],
    ["500", apiError(500, "down")],
    ["silence", new Error("no answer after 20 s")],
  ];
  for (const [what, error] of errors) {
    it(`passes the API's ${what} on as it is`, async () => {
      await assert.rejects(
        run(
          cluster({
            pod: () => TWO,
            exec: () => {
              throw error;
            },
          }),
        ),
        (thrown) => thrown === error,
      );
    });
  }

  it("fails where the pod can't be compared afterwards, and is not for later: it has run, and its output is kept", async () => {
    const down = () => {
      throw apiError(503, "down");
    };
    assert.deepEqual(await run(cluster({ pod: first(() => TWO, down), exec: ending({}) })), {
      outcome: "failed",
      message:
        "the command ran, but whether another pod took the name default/alpine meanwhile could not be seen: down",
      output: KEPT,
    });
  });

  it("runs nowhere where the container that the alert names is not in the pod, nor in a pod that has none", async () => {
    const cases = [
      [running(container("app")), {}, "the command was not run: pod default/alpine has no container 3ad7b26ded6d"],
      [pod(), { "container.id": null }, "the command was not run: pod default/alpine has no container"],
      [TWO, { "container.id": "UNKNOWN" }, "the command was not run: pod default/alpine has no container UNKNOWN"],
    ] as const;
    for (const [found, fields, message] of cases) {
      const on = cluster({ pod: () => found });
      assert.deepEqual(await run(on, fields), { outcome: "failed", message });
      assert.deepEqual(
        on.calls.map(({ verb }) => verb),
        ["get"],
      );
    }
  });

  it("runs in the first container of the pod that an audit alert names, where the pod is as old as the alert", async () => {
    const fields = {
      "container.id": null,
      "k8s.ns.name": null,
      "k8s.pod.name": null,
      "k8s.pod.uid": null,
      "ka.target.resource": "pods",
      "ka.target.namespace": "default",
      "ka.target.name": "alpine",
    };
    const made = (creationTimestamp: string) => ({ ...TWO, metadata: { ...TWO.metadata, creationTimestamp } });
    const on = cluster({ pod: () => made("2026-11-23T16:31:56Z") });
    assert.equal((await run(on, fields)).outcome, "done");
    assert.equal(on.calls[1]?.name, "app");
    const younger = cluster({ pod: () => made("2026-11-23T16:31:57Z") });
    assert.equal((await run(younger, fields)).outcome, "replaced");
  });
});
