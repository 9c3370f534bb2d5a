import assert from "node:assert/strict";
import type { Json } from "../../../lab/kubernetes/object.ts";
import { resourceNamed } from "../../../lab/kubernetes/resources.ts";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";
import { ask } from "./ask.ts";

const NAMESPACE = "shop";
const all = `/api/v1/namespaces/${NAMESPACE}/pods`;
const budget = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets/cart`;

describe("evicting from the embedded Kubernetes API", () => {
  let api: Kubernetes;

  beforeEach(async () => {
    api = await startKubernetes({ graceScale: 0 });
  });
  afterEach(async () => {
    await api.close();
  });

  function placePods(count: number, owned = true): void {
    const { metadata } = api.store.place(resourceNamed("replicasets"), {
      metadata: { name: "cart", namespace: NAMESPACE },
      spec: { replicas: count },
    });
    const ownerReferences = owned
      ? [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "cart", uid: metadata.uid, controller: true }]
      : [];
    for (let index = 0; index < count; index += 1) {
      api.store.place(resourceNamed("pods"), {
        metadata: { name: `cart-${index}`, namespace: NAMESPACE, labels: { app: "cart" }, ownerReferences },
        spec: { nodeName: "node-1", containers: [{ name: "main", image: "alpine" }] },
        status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
      });
    }
  }

  function placeBudget(spec: Json, status?: Json): void {
    api.store.place(resourceNamed("poddisruptionbudgets"), {
      metadata: { name: "cart", namespace: NAMESPACE },
      spec: { selector: { matchLabels: { app: "cart" } }, ...spec },
      ...(status && { status }),
    });
  }

  async function evict(name: string, deleteOptions = {}) {
    const { status, body, headers } = await ask(api, "POST", `${all}/${name}/eviction`, {
      metadata: { name },
      deleteOptions,
    });
    return { status, retryAfter: headers.get("retry-after"), cause: body.details?.causes?.[0]?.message };
  }

  for (const [limit, pods, allowed] of [
    [{ minAvailable: 2 }, 3, 1],
    [{ minAvailable: "50%" }, 3, 1],
    [{ maxUnavailable: 2 }, 3, 2],
    [{ maxUnavailable: "25%" }, 3, 1],
    [{ maxUnavailable: 0 }, 3, 0],
    [{ minAvailable: 5 }, 3, 0],
  ] as const) {
    it(`lets ${allowed} of ${pods} pods go for ${JSON.stringify(limit)}`, async () => {
      placePods(pods);
      placeBudget(limit);
      const statuses = [];
      for (let index = 0; index < pods; index += 1) statuses.push((await evict(`cart-${index}`)).status);
      assert.deepEqual(
        statuses.map((status) => status === 201),
        statuses.map((_, index) => index < allowed),
      );
    });
  }

  it("lets no pod go that no controller would replace, where the budget counts the unavailable", async () => {
    placePods(2, false);
    placeBudget({ maxUnavailable: 1 });
    assert.deepEqual(await evict("cart-0"), {
      status: 429,
      retryAfter: null,
      cause: "The disruption budget cart does not allow evicting pods currently",
    });
  });

  it("goes by the status that a budget was placed with, and counts it down", async () => {
    placePods(3);
    placeBudget({ maxUnavailable: 3 }, { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2 });
    assert.equal((await evict("cart-0")).status, 201);
    assert.deepEqual(await evict("cart-1"), {
      status: 429,
      retryAfter: null,
      cause: "The disruption budget cart does not allow evicting pods currently",
    });
    const { body } = await ask(api, "GET", budget);
    assert.deepEqual(
      [body.status?.["disruptionsAllowed"], Object.keys(body.status?.["disruptedPods"] as Json)],
      [0, ["cart-0"]],
    );
  });

  it("asks for patience where the budget has changed since its status was written", async () => {
    placePods(1);
    placeBudget({ maxUnavailable: 1 }, { disruptionsAllowed: 1, observedGeneration: 0 });
    assert.deepEqual(await evict("cart-0"), {
      status: 429,
      retryAfter: "10",
      cause: "The disruption budget cart is still being processed by the server.",
    });
  });

  it("selects by expressions, too", async () => {
    placePods(2);
    placeBudget({
      minAvailable: 2,
      selector: {
        matchExpressions: [
          { key: "app", operator: "In", values: ["cart", "shop"] },
          { key: "canary", operator: "DoesNotExist" },
        ],
      },
    });
    assert.equal((await evict("cart-0")).status, 429);
    placeBudget({
      minAvailable: 2,
      selector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["cart"] }] },
    });
    assert.equal((await evict("cart-0")).status, 201);
  });

  it("marks the pod as disrupted, and gives it its time", async () => {
    await api.close();
    api = await startKubernetes();
    placePods(1);
    assert.equal((await evict("cart-0", { gracePeriodSeconds: 60 })).status, 201);
    const { metadata, status } = api.store.get(resourceNamed("pods"), NAMESPACE, "cart-0");
    assert.equal(metadata.deletionGracePeriodSeconds, 60);
    assert.deepEqual(
      (status?.["conditions"] as Json[]).map(({ type }) => type),
      ["Ready", "DisruptionTarget"],
    );
  });
});
