import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RbacObject } from "../../../lab/kubernetes/authorizer.ts";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";
import { connect } from "../../../responder/kubernetes/client.ts";
import type { Cluster } from "../../../responder/kubernetes/cluster.ts";
import { CONFIGMAPS } from "../../../responder/kubernetes/resources.ts";
import { eventually } from "../../support/eventually.ts";

const RBAC: RbacObject[] = [
  {
    kind: "Role",
    metadata: { name: "one", namespace: "default" },
    rules: [{ apiGroups: [""], resources: ["configmaps"], resourceNames: ["a"], verbs: ["list", "watch"] }],
  },
  {
    kind: "RoleBinding",
    metadata: { name: "one", namespace: "default" },
    roleRef: { kind: "Role", name: "one" },
    subjects: [{ kind: "ServiceAccount", name: "follower", namespace: "default" }],
  },
];

describe("what is followed of the embedded API", () => {
  let folder: string;
  let kubernetes: Kubernetes;
  let admin: Cluster;
  const place = { resource: CONFIGMAPS, namespace: "default" };

  const connected = (name: string, token: string): Cluster => {
    const file = join(folder, name);
    writeFileSync(file, kubernetes.kubeconfig(token));
    return connect(5000, file);
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-watch-"));
    kubernetes = await startKubernetes({ rbac: RBAC });
    admin = connected("admin", kubernetes.adminToken);
  });
  afterEach(async () => {
    await kubernetes.close();
    rmSync(folder, { recursive: true });
  });

  function create(name: string, labels: Record<string, string> = {}) {
    return admin.create(place, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "default", labels },
    });
  }

  it("is all there is at first, then what comes into the selection, changes in it, and leaves it", async () => {
    await create("a", { seen: "true" });
    await create("b");
    const told: string[] = [];
    const followed = admin.follow(
      place,
      { labelSelector: "seen=true" },
      {
        all: (objects) => told.push(...objects.map(({ metadata }) => `all ${metadata?.name ?? ""}`)),
        changed: ({ metadata }, isThere) => told.push(`${isThere ? "is" : "goes"} ${metadata?.name ?? ""}`),
      },
    );
    const ended = assert.rejects(followed, { name: "ApiError" });
    await eventually("the list", () => Promise.resolve(told.length === 1));
    await admin.patch({ ...place, name: "b" }, { metadata: { labels: { seen: "true" } } });
    await admin.patch({ ...place, name: "a" }, { metadata: { annotations: { more: "1" } } });
    await admin.patch({ ...place, name: "a" }, { metadata: { labels: { seen: null } } });
    const { metadata } = await admin.metadata({ ...place, name: "b" });
    await admin.delete({ ...place, name: "b" }, { uid: metadata?.uid ?? "" });
    await eventually("the changes", () => Promise.resolve(told.length === 5));
    assert.deepEqual(told, ["all a", "is b", "is a", "goes a", "goes b"]);
    await kubernetes.close();
    await ended;
  });

  it("may be one object by its name, and no other, for who may see that one alone", async () => {
    await create("a");
    const follower = connected("follower", kubernetes.tokenFor("default", "follower"));
    const none = { all: () => undefined, changed: () => undefined };
    await assert.rejects(follower.follow(place, {}, none), /forbidden/);
    await assert.rejects(follower.follow(place, { fieldSelector: "metadata.name=b" }, none), /forbidden/);
    let listed = 0;
    const followed = follower.follow(
      place,
      { fieldSelector: "metadata.name=a" },
      {
        ...none,
        all: (objects) => (listed = objects.length),
      },
    );
    const ended = assert.rejects(followed);
    await eventually("the list", () => Promise.resolve(listed === 1));
    await kubernetes.close();
    await ended;
  });
});
