/** What an attacker, or a peer gone wrong, may write: into an alert, into an object, in the API's place. */
import fc from "fast-check";
import { ApiError } from "../../../responder/kubernetes/errors.ts";
import { CONTAINER_ID, POD_UID, shellAlert } from "../fixtures.ts";

const NASTY = [
  "..",
  ".",
  "../../namespaces/prod",
  "prod/..",
  "%2e%2e",
  "a?b#c",
  "",
  " ",
  "\u0000",
  "\u001b]0;x\u0007",
  "a\nb",
  "\u202eevil",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "metadata.name=a,spec.nodeName=b",
  "x".repeat(300),
  "é".repeat(400),
  "<NA>",
  "host",
];

/** Names that fit, so that an action gets as far as it can. */
const NAMES = ["default", "alpine", "prod", "node-1", "pods", "configmaps", "web", "a", "b"];

const OTHER_UID = "0b1e8a4e-0000-4000-8000-000000000001";

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NAMES, POD_UID, OTHER_UID, CONTAINER_ID, "3ad7b26ded6d") },
  { weight: 2, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
);
const junk: fc.Arbitrary<unknown> = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }), fc.constant(null));
const time = fc.constantFrom("2026-11-23T16:31:56Z", "2026-11-23T16:31:57Z", "2020-01-01T00:00:00Z", "yesterday", "");

/** An object of the API, of every kind at once; `wild`: now and then a part of it is anything but what it should be. */
function objectsOf(wild: boolean): fc.Arbitrary<object> {
  const mostly = (arbitrary: fc.Arbitrary<unknown>) =>
    wild ? fc.oneof({ weight: 12, arbitrary }, { weight: 1, arbitrary: junk }) : arbitrary;
  const some = (parts: Record<string, fc.Arbitrary<unknown>>, needed: string[] = []) =>
    mostly(fc.record(parts, { requiredKeys: wild ? [] : needed }));
  const texts = mostly(fc.dictionary(text, mostly(text), { maxKeys: 4, noNullPrototype: true }));
  const listOf = (arbitrary: fc.Arbitrary<unknown>) => mostly(fc.array(arbitrary, { maxLength: 3 }));
  return fc.record(
    { metadata: metadataOf(some, listOf, texts), spec: specOf(some, listOf, texts), status: statusOf(some, listOf) },
    { requiredKeys: wild ? [] : ["metadata", "spec"] },
  );
}

type Some = (parts: Record<string, fc.Arbitrary<unknown>>, needed?: string[]) => fc.Arbitrary<unknown>;
type ListOf = (arbitrary: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>;

function metadataOf(some: Some, listOf: ListOf, texts: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const owner = some(
    {
      apiVersion: fc.constantFrom("apps/v1", "batch/v1", "v1", "example.com/v1", "../.."),
      kind: fc.constantFrom("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Node", "Foo", "../..", "constructor"),
      name: text,
      uid: fc.constantFrom(OTHER_UID, "owner", "../.."),
      controller: fc.boolean(),
    },
    ["apiVersion", "kind", "name", "uid"],
  );
  return some(
    {
      name: text,
      namespace: text,
      uid: fc.constantFrom(POD_UID, POD_UID, OTHER_UID, "owner", "..", ""),
      creationTimestamp: time,
      deletionTimestamp: time,
      deletionGracePeriodSeconds: fc.constantFrom(0, 30),
      labels: texts,
      annotations: fc.oneof(texts, fc.constant({ "kubernetes.io/config.mirror": POD_UID })),
      ownerReferences: listOf(owner),
      finalizers: listOf(text),
    },
    ["uid"],
  );
}

function specOf(some: Some, listOf: ListOf, texts: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const requirement = some(
    {
      key: text,
      operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist", "Near"),
      values: listOf(text),
    },
    ["key", "operator"],
  );
  return some({
    nodeName: fc.constantFrom("node-1", "node-1", "..", ""),
    hostNetwork: fc.constantFrom(false, false, true),
    priorityClassName: text,
    unschedulable: fc.boolean(),
    containers: listOf(containerOf(some)),
    replicas: fc.integer(),
    podSelector: some({ matchLabels: texts, matchExpressions: listOf(requirement) }),
    policyTypes: listOf(fc.constantFrom("Ingress", "Egress")),
    ingress: listOf(fc.constant({})),
    egress: listOf(fc.constant({})),
  });
}

function containerOf(some: Some): fc.Arbitrary<unknown> {
  const parts = {
    name: text,
    containerID: fc.constantFrom(CONTAINER_ID, "containerd://ffff", ".."),
    restartCount: fc.constantFrom(0, 1),
  };
  return some(parts, ["name"]);
}

function statusOf(some: Some, listOf: ListOf): fc.Arbitrary<unknown> {
  return some({
    readyReplicas: fc.integer(),
    containerStatuses: listOf(containerOf(some)),
    initContainerStatuses: listOf(containerOf(some)),
    ephemeralContainerStatuses: listOf(containerOf(some)),
  });
}

/** What an API may answer that an attacker fills, and what nothing but a broken one does. */
export const objects = fc.oneof({ weight: 4, arbitrary: objectsOf(false) }, { weight: 1, arbitrary: objectsOf(true) });

/** What keeps the API from answering. */
export const failures: fc.Arbitrary<ApiError> = fc.oneof(
  fc
    .constantFrom("unreachable", "time-out", "broken", "not-kubernetes" as const)
    .chain((failure) => text.map((said) => new ApiError(failure, said))),
  fc
    .record({
      code: fc.constantFrom(400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 599),
      reason: fc.constantFrom("NotFound", "Any"),
    })
    .chain((known) => text.map((said) => new ApiError("status", said, known))),
);

const AUDIT = { "container.id": null, "k8s.ns.name": null, "k8s.pod.name": null, "k8s.pod.uid": null };
const FIELDS = ["container.id", "k8s.ns.name", "k8s.pod.name", "k8s.pod.uid", "fd.name", "__proto__"];
const AUDIT_FIELDS = ["resource", "name", "namespace", "subresource"].map((part) => `ka.target.${part}`);

const chosen = (names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, junk])), { requiredKeys: [], noNullPrototype: true });
const audits = fc.record({
  "ka.target.resource": fc.constantFrom("pods", "configmaps", "namespaces", "events", "constructor"),
  "ka.target.namespace": fc.constantFrom("default", "default", "kube-system", "..", null),
  "ka.target.name": fc.constantFrom("alpine", "planted", "..", "system:x", null),
  "ka.resp.name": fc.constantFrom("alpine", "..", null),
});

/** The payload of an alert: of a syscall, of the audit log or of the host, with any of its fields anything. */
export const alerts: fc.Arbitrary<unknown> = fc
  .record({
    shape: fc.oneof(
      fc.constant({}),
      fc.constant({ "k8s.pod.uid": null }),
      fc.constant({ "k8s.pod.uid": null, "container.id": null }),
      fc.constant({ ...AUDIT, "container.id": "host" }),
      audits.map((fields) => ({ ...AUDIT, ...fields })),
    ),
    fields: fc.oneof(fc.constant({}), fc.constant({}), chosen([...FIELDS, ...AUDIT_FIELDS, "ka.resp.name"])),
    payload: fc.oneof(fc.constant({}), fc.constant({}), chosen(["time", "hostname", "tags", "output", "uuid"])),
    rule: text.filter((one) => one !== ""),
  })
  .map(({ shape, fields, payload, rule }) => shellAlert({ ...shape, ...fields }, { ...payload, rule }));

/** What a program prints. */
export const printed = fc.oneof(text, fc.constantFrom("\u001b]a;".repeat(500), "\u0001".repeat(2000), "plain\n"));
