import assert from "node:assert/strict";
import { mock } from "node:test";
import { resourceNamed } from "../../../lab/kubernetes/resources.ts";
import { Store } from "../../../lab/kubernetes/store.ts";

const pods = resourceNamed("pods");
const POD = {
  metadata: { name: "alpine", namespace: "default" },
  spec: { nodeName: "node-1", containers: [{ name: "main", image: "alpine" }] },
};

describe("a grace period in the embedded Kubernetes API", () => {
  let store: Store;

  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-11-24T00:00:00Z") });
    store = new Store(undefined, 0.5);
  });
  afterEach(() => {
    store.close();
    mock.timers.reset();
  });
  const there = (): (string | undefined)[] => store.list(pods, "").map(({ metadata }) => metadata.deletionTimestamp);

  it("is said in full, and lasts as long as seconds last there; then the pod is gone", () => {
    store.place(pods, POD);
    assert.equal(store.delete(pods, "default", "alpine", { gracePeriodSeconds: 10 }).gone, false);
    mock.timers.tick(4_999);
    assert.deepEqual(there(), ["2026-11-24T00:00:10Z"]);
    mock.timers.tick(1);
    assert.deepEqual(there(), []);
  });

  it("ends for the pod it began for alone: one of its name that has come since stays", () => {
    store.place(pods, POD);
    store.delete(pods, "default", "alpine", { gracePeriodSeconds: 10 });
    store.delete(pods, "default", "alpine", { gracePeriodSeconds: 0 });
    store.create(pods, "default", POD);
    mock.timers.tick(60_000);
    assert.deepEqual(there(), [undefined]);
  });

  it("is counted from the first delete where a second one shortens it", () => {
    store.place(pods, POD);
    store.delete(pods, "default", "alpine", { gracePeriodSeconds: 100 });
    mock.timers.tick(4_000);
    store.delete(pods, "default", "alpine", { gracePeriodSeconds: 10 });
    mock.timers.tick(999);
    assert.equal(there().length, 1);
    mock.timers.tick(1);
    assert.deepEqual(there(), []);
  });
});
