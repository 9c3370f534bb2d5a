import assert from "node:assert/strict";
import type { Json } from "../../../lab/kubernetes/object.ts";
import { resourceNamed } from "../../../lab/kubernetes/resources.ts";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";
import { ask } from "./ask.ts";

const log = "/api/v1/namespaces/shop/pods/cart/log";

describe("logs of the embedded Kubernetes API", () => {
  let api: Kubernetes | undefined;

  afterEach(async () => {
    await api?.close();
  });

  async function start(state: Json, options?: Parameters<typeof startKubernetes>[0]): Promise<Kubernetes> {
    api = await startKubernetes(options);
    api.store.place(resourceNamed("pods"), {
      metadata: { name: "cart", namespace: "shop" },
      spec: { nodeName: "node-1", containers: [{ name: "main", image: "alpine" }] },
      status: { phase: "Running", containerStatuses: [{ name: "main", ...state }] },
    });
    return api;
  }

  it("are a few plain lines where nobody says what they are", async () => {
    const { status, text } = await ask(await start({}), "GET", `${log}?tailLines=1`);
    assert.deepEqual([status, text], [200, "listening on :8080\n"]);
  });

  it("are what the pod's containers are body to have written, now and before", async () => {
    const lastState = { terminated: { exitCode: 1 } };
    const kubernetes = await start(
      { lastState },
      {
        containers: {
          log: ({ metadata }, container, { previous }) => `${metadata.name} ${container} ${String(previous)}\nno end`,
        },
      },
    );
    assert.equal((await ask(kubernetes, "GET", log)).text, "cart main false\nno end");
    assert.equal((await ask(kubernetes, "GET", `${log}?previous=true&limitBytes=14`)).text, "cart main true");
    assert.equal((await ask(kubernetes, "GET", `${log}?tailLines=1`)).text, "no end");
  });

  for (const [reason, why] of [
    ["ContainerCreating", "ContainerCreating"],
    ["ErrImagePull", "image can't be pulled"],
    ["ImagePullBackOff", "trying and failing to pull image"],
  ] as const) {
    it(`are refused for a container that waits with ${reason}, in the kubelet's words`, async () => {
      const { status, body } = await ask(await start({ state: { waiting: { reason } } }), "GET", log);
      assert.deepEqual([status, body.message], [400, `container "main" in pod "cart" is waiting to start: ${why}`]);
    });
  }

  it("are those of before for a container that waits to start again", async () => {
    const kubernetes = await start({
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 1 } },
    });
    assert.equal((await ask(kubernetes, "GET", log)).status, 200);
  });

  it("are refused for a time before the first", async () => {
    const { status, body } = await ask(await start({ state: { running: {} } }), "GET", `${log}?previous=true`);
    assert.deepEqual([status, body.message], [400, 'previous terminated container "main" in pod "cart" not found']);
  });
});
