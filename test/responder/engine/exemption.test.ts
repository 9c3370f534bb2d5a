import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ObjectInput } from "../../../lab/kubernetes/object.ts";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";
import { Exemption } from "../../../responder/engine/exemption.ts";
import { respond } from "../../../responder/engine/respond.ts";
import { connect } from "../../../responder/kubernetes/client.ts";
import type { Cluster } from "../../../responder/kubernetes/cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { alert, apiError, engine, rules, TERMINATE } from "../fixtures.ts";
import { quietly } from "../quietly.ts";

const LABEL = "response-engine.io/exempt";
const EXEMPT = { [LABEL]: "true" };

type Labels = Record<string, string>;
interface Labelled {
  namespace?: Labels;
  deployment?: Labels;
  replicaSet?: Labels;
  pod?: Labels;
}

describe("what is exempt", () => {
  quietly();
  let folder: string;
  let kubernetes: Kubernetes;
  let api: Cluster;
  let made: Exemption[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-exempt-"));
    kubernetes = await startKubernetes();
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubernetes.kubeconfig(kubernetes.adminToken));
    api = connect(5000, file);
    made = [];
  });
  afterEach(async () => {
    for (const one of made) one.stop();
    await kubernetes.close();
    rmSync(folder, { recursive: true });
  });

  function place(kind: string, name: string, more: Partial<ObjectInput["metadata"]> & { labels?: Labels }): string {
    const resource = kubernetes.store.resources.find((one) => one.kind === kind);
    assert.ok(resource, kind);
    const inNamespace = kind === "Namespace" ? {} : { namespace: "shop" };
    const spec = kind === "Pod" ? { spec: { containers: [{ name: "app", image: "app" }] } } : {};
    return kubernetes.store.place(resource, { ...spec, metadata: { name, ...inNamespace, ...more } }).metadata.uid;
  }
  const owner = (kind: string, name: string, uid: string) => ({
    ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid, controller: true }],
  });

  /** A pod of a Deployment in the namespace shop, with these labels; gives its UID. */
  function placePod(
    { namespace = {}, deployment = {}, replicaSet = {}, pod = {} }: Labelled = {},
    name = "web-5d9c-x7k2p",
  ) {
    place("Namespace", "shop", { labels: namespace });
    const top = place("Deployment", "web", { labels: deployment });
    const set = place("ReplicaSet", "web-5d9c", { labels: replicaSet, ...owner("Deployment", "web", top) });
    return place("Pod", name, {
      labels: { "pod-template-hash": "5d9c", ...pod },
      ...owner("ReplicaSet", "web-5d9c", set),
    });
  }

  function exemptionOn(on: Cluster): Exemption {
    const one = new Exemption(on, LABEL);
    made.push(one);
    return one;
  }
  async function answer(uid: string, exemption: Exemption, on = api, yaml = TERMINATE) {
    const about = alert({ "k8s.ns.name": "shop", "k8s.pod.name": "web-5d9c-x7k2p", "k8s.pod.uid": uid });
    const told = await respond(about, "key", engine(on, { exemption, rules: rules(yaml) }));
    assert.ok("steps" in told);
    return told.steps.map(({ outcome, message }) => [outcome, message]);
  }
  /** The API for one who may follow nothing. */
  const unfollowed = (): Cluster => ({ ...api, follow: () => Promise.reject(apiError(403, "forbidden")) });

  const levels: [string, Labelled, string][] = [
    ["pod", { pod: EXEMPT }, "it"],
    ["ReplicaSet", { replicaSet: EXEMPT }, "its ReplicaSet web-5d9c"],
    ["Deployment", { deployment: EXEMPT }, "its Deployment web"],
    ["namespace", { namespace: EXEMPT }, "its namespace"],
  ];
  for (const [level, labelled, what] of levels) {
    for (const [how, on] of [
      ["followed", () => api],
      ["read, where nothing can be followed", unfollowed],
    ] as const) {
      it(`is a pod by the label on the ${level}, ${how}, and the response says so`, async () => {
        const uid = placePod(labelled);
        assert.deepEqual(await answer(uid, exemptionOn(on()), on()), [
          ["ignored", `left pod shop/web-5d9c-x7k2p alone: ${what} is exempt (label ${LABEL})`],
        ]);
      });
    }
  }

  it("is nothing without the label, or with another value", async () => {
    const uid = placePod({ namespace: { [LABEL]: "false" }, deployment: { exempt: "true" }, pod: { [LABEL]: "" } });
    assert.equal((await answer(uid, exemptionOn(api)))[0]?.[0], "terminated");
    const again = placePod({ pod: { [LABEL]: "no" } });
    assert.equal((await answer(again, exemptionOn(unfollowed()), unfollowed()))[0]?.[0], "terminated");
  });

  it("costs no request before a deletion where nothing of the namespace is exempt", async () => {
    const uid = placePod();
    place("Deployment", "other", { namespace: "bank", labels: EXEMPT });
    const exemption = exemptionOn(api);
    assert.equal(await exemption.reasonFor({ namespace: "shop", pod: "web" }), undefined);
    const asked = kubernetes.requests.length;
    assert.equal((await answer(uid, exemption))[0]?.[0], "terminated");
    const verbs = kubernetes.requests.slice(asked).map(({ verb }) => verb);
    assert.deepEqual(
      verbs.filter((verb) => verb !== "watch"),
      ["delete"],
    );
  });

  it("changes with the label, while the responder runs", async () => {
    placePod();
    const exemption = exemptionOn(api);
    const touched = { namespace: "shop", pod: "web-5d9c-x7k2p" };
    assert.equal(await exemption.reasonFor(touched), undefined);
    const at = {
      resource: { ...(await import("../../../responder/kubernetes/resources.ts")).NAMESPACES },
      name: "shop",
    };
    await api.patch(at, { metadata: { labels: EXEMPT } });
    await eventually("it to be exempt", async () => (await exemption.reasonFor(touched)) !== undefined);
    await api.patch(at, { metadata: { labels: { [LABEL]: null } } });
    await eventually("it to be so no more", async () => (await exemption.reasonFor(touched)) === undefined);
  });

  it("is left alone by whatever disrupts, and by nothing else", async () => {
    const uid = placePod({ namespace: EXEMPT });
    const all = `
- rule: All
  match: {rules: [Terminal shell in container]}
  actions:
    - {action: L, actionner: "kubernetes:label", parameters: {labels: {seen: "true"}}}
    - {action: Q, actionner: "kubernetes:quarantine"}
    - {action: C, actionner: "kubernetes:cordon"}
    - {action: E, actionner: "kubernetes:exec", continue: true, parameters: {command: "true"}}
    - {action: T, actionner: "kubernetes:terminate"}`;
    const outcomes = (await answer(uid, exemptionOn(api), api, all)).map(([outcome]) => outcome);
    assert.deepEqual(outcomes, ["done", "ignored", "ignored", "ignored", "ignored"]);
  });

  it("lets nothing be done where nobody can tell", async () => {
    const uid = placePod();
    const on = { ...unfollowed(), metadata: () => Promise.reject(apiError(503, "down")) };
    await assert.rejects(answer(uid, exemptionOn(on), on), { name: "RetryLater" });
    const refused = { ...unfollowed(), metadata: () => Promise.reject(apiError(403, "forbidden")) };
    assert.equal((await answer(uid, exemptionOn(refused), refused))[0]?.[0], "failed");
    assert.ok(kubernetes.requests.every(({ verb }) => verb !== "delete"));
  });
});
