import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { evaluateProgram } from "../../lab/program/evaluate.ts";
import { loadKnative } from "../../stack/knative/manifests.ts";
import type { Get } from "../../stack/preflight/cluster.ts";
import { inTheWay } from "../../stack/preflight/in-the-way.ts";
import type { Api } from "../support/api.ts";
import { Applier, type NamedObject } from "../support/apply.ts";
import { objectsOf } from "../support/objects.ts";
import { controlPlane } from "./shared.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const VERSION = "1.23.0";
/** A folder of Knative's release manifests; relative to the repository. */
const MANIFESTS = process.env["KNATIVE_MANIFESTS"] ?? `../shared/knative/${VERSION}`;

/** What Knative's controllers leave behind a user's Trigger. */
const LEFT_BEHIND = {
  apiVersion: "messaging.knative.dev/v1",
  kind: "Subscription",
  metadata: {
    name: "default-evidence-0c1d",
    namespace: "default",
    finalizers: ["subscriptions.messaging.knative.dev"],
  },
  spec: {
    channel: { apiVersion: "messaging.knative.dev/v1", kind: "InMemoryChannel", name: "default-kne-trigger" },
    subscriber: { uri: "http://broker-filter.knative-eventing.svc.cluster.local/triggers/default/evidence" },
  },
} satisfies NamedObject;

describe("what is in the way of a destroy, asked of a real API", function () {
  this.timeout(120_000);

  let api: Api;
  let applier: Applier;
  let get: Get;
  let made: NamedObject[] = [];

  before(async function () {
    if (!existsSync(join(ROOT, MANIFESTS, "serving-core.yaml")) && !existsSync(join(MANIFESTS, "serving-core.yaml"))) {
      process.stdout.write(
        `    skipped, because Knative's release manifests are not in ${MANIFESTS}; KNATIVE_MANIFESTS says where they are\n`,
      );
      this.skip();
    }
    ({ api } = await controlPlane(this));
    applier = new Applier(api);
    get = async (path) => {
      const { status, body } = await api.request<unknown>("GET", path);
      assert.equal(status, 200, path);
      return body;
    };
    const { serving, eventing } = await loadKnative({ version: VERSION, manifests: MANIFESTS });
    const objects = [...serving, ...eventing].flatMap((manifest) => manifest.objects as unknown as NamedObject[]);
    await applier.demand(objects.filter(({ kind }) => kind === "Namespace" || kind === "CustomResourceDefinition"));
    const program = await evaluateProgram({ stack: "dev", config: { "knative:install": false } });
    made = objectsOf(program).filter(({ apiVersion }) => apiVersion.includes(".knative.dev/"));
    assert.notEqual(made.length, 0);
    await applier.demand(made);
  });

  after(async () => {
    const { name, namespace } = LEFT_BEHIND.metadata;
    if (made.length > 0) await applier.demand([{ ...LEFT_BEHIND, metadata: { name, namespace, finalizers: [] } }]);
    for (const object of made.length > 0 ? [...made, LEFT_BEHIND] : [])
      await api.request("DELETE", await applier.pathOf(object));
  });

  it("is nothing that the stack made", async () => {
    assert.deepEqual(await inTheWay(get), []);
  });

  it("is what a user's own Trigger has left, by its name", async () => {
    await applier.demand([LEFT_BEHIND]);
    const { name, namespace } = LEFT_BEHIND.metadata;
    assert.deepEqual(await inTheWay(get), [{ resource: "subscriptions.messaging.knative.dev", namespace, name }]);
  });
});
