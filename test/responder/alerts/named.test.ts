import assert from "node:assert/strict";
import { namedBy } from "../../../responder/alerts/named.ts";
import { POD_UID } from "../fixtures.ts";

const TIME = "2026-11-23T16:31:56.746609046Z";
const raisedAt = Date.parse(TIME);
const named = (fields: Record<string, string>, about: { hostname?: string; time?: string } = { time: TIME }) =>
  namedBy(new Map(Object.entries(fields)), about);

const SYSCALL = {
  "container.id": "3ad7b26ded6d",
  "k8s.ns.name": "default",
  "k8s.pod.name": "alpine",
  "k8s.pod.uid": POD_UID,
};
const AUDIT = { "ka.target.resource": "pods", "ka.target.name": "alpine", "ka.target.namespace": "default" };
/** Without the name of its target. */
const NAMELESS = { "ka.target.resource": "pods", "ka.target.namespace": "default" };
const HOSTILE = [
  "..",
  ".",
  "",
  "a/b",
  "a/../b",
  "%2e%2e",
  "nul\0",
  "UPPER",
  "-a",
  "a-",
  "a..b",
  "a b",
  "a\n",
  "a,b=c",
  "größe",
  "\u202ea",
  "x".repeat(254),
  "x".repeat(4096),
];

describe("what a syscall's alert names", () => {
  it("is the pod, with its UID, its container and when that was", () => {
    const pod = { namespace: "default", name: "alpine", uid: POD_UID, containerId: "3ad7b26ded6d", raisedAt };
    assert.deepEqual(named(SYSCALL), { pod });
  });

  it("is the pod without what the alert doesn't have", () => {
    const pod = { namespace: "default", name: "alpine" };
    assert.deepEqual(named({ "k8s.ns.name": "default", "k8s.pod.name": "alpine" }, {}), { pod });
  });

  it("is no pod where one of its two names is missing", () => {
    assert.deepEqual(named({ "k8s.ns.name": "default" }), {});
    assert.deepEqual(named({ "k8s.pod.name": "alpine" }), {});
  });

  it("is a container where Falco could not tell whose it is, and the node that it is on", () => {
    const fields = { "container.id": "3ad7b26ded6d" };
    assert.deepEqual(named(fields), { containerId: "3ad7b26ded6d" });
    const onNode = { containerId: "3ad7b26ded6d", containerNode: "node-1" };
    assert.deepEqual(named(fields, { hostname: "node-1" }), onNode);
    assert.deepEqual(named({ ...fields, "k8s.ns.name": "default" }, { hostname: "node-1" }), onNode);
    assert.deepEqual(named(fields, { hostname: "NODE/.." }), { containerId: "3ad7b26ded6d" });
  });

  for (const id of ["3AD7B26DED6D", "short", "../../../..", "3ad7b26ded6d\n", "a".repeat(65), "hosts"]) {
    it(`is no container called ${JSON.stringify(id.slice(0, 16))}, which is said, and no reason to spare its pod`, () => {
      assert.match(named({ "container.id": id }).unusable ?? "", /^container\.id: ".*" is no container's id$/);
      const { pod } = named({ ...SYSCALL, "container.id": id });
      assert.equal(pod?.containerId, undefined);
      assert.equal(pod?.unknownContainer, id.replace("\n", "\ufffd"));
      assert.equal(pod.uid, POD_UID);
    });
  }

  it("is no container where the field is empty", () => {
    assert.deepEqual(named({ "container.id": "" }, { hostname: "node-1" }).containerNode, undefined);
  });

  it("is the node where it is the host's", () => {
    assert.deepEqual(named({ "container.id": "host" }, { hostname: "node-1.example.com" }), {
      node: "node-1.example.com",
    });
  });

  it("is no node where it isn't the host's, or where nobody says which", () => {
    assert.equal(named({ ...SYSCALL }, { hostname: "node-1" }).node, undefined);
    assert.equal(named({ "container.id": "3ad7b26ded6d" }, { hostname: "node-1" }).node, undefined);
    assert.equal(named({ ...AUDIT, "container.id": "host" }, { hostname: "node-1" }).node, undefined);
    assert.deepEqual(named({}, { hostname: "node-1" }), {});
    assert.deepEqual(named({ "container.id": "host" }, {}), {});
  });

  for (const hostname of HOSTILE) {
    it(`is no node called ${JSON.stringify(hostname.slice(0, 8))}`, () => {
      assert.deepEqual(named({ "container.id": "host" }, { hostname }), {});
    });
  }

  it("has a time that is a little ahead of this node's clock, and none that can't be yet", () => {
    const ahead = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
    assert.ok(named(SYSCALL, { time: ahead(30) }).pod?.raisedAt !== undefined);
    for (const time of [ahead(3600), "2126-01-01T00:00:00Z", "+275760-09-13T00:00:00.000Z"])
      assert.equal(named(SYSCALL, { time }).pod?.raisedAt, undefined, time);
    assert.equal(named(AUDIT, { time: ahead(3600) }).object?.raisedAt, undefined);
  });

  for (const time of ["", "never", "9".repeat(5000), "\0"]) {
    it(`has no time where that is ${JSON.stringify(time.slice(0, 8))}`, () => {
      assert.ok(!("raisedAt" in (named(SYSCALL, { time }).pod ?? {})));
    });
  }
});

describe("what an audit alert names", () => {
  it("is the object, and the pod where it is one", () => {
    assert.deepEqual(named(AUDIT), {
      object: { resource: "pods", name: "alpine", namespace: "default", raisedAt },
      pod: { namespace: "default", name: "alpine", raisedAt },
    });
  });

  it("is the pod that was entered, too", () => {
    const { object, pod } = named({ ...AUDIT, "ka.target.subresource": "exec" });
    assert.equal(object?.subresource, "exec");
    assert.equal(pod?.name, "alpine");
  });

  it("is what a creation got for a name, where it asked for none", () => {
    assert.equal(named({ ...NAMELESS, "ka.resp.name": "web-x7k2p" }).object?.name, "web-x7k2p");
    assert.equal(named({ ...AUDIT, "ka.resp.name": "another" }).object?.name, "alpine");
  });

  for (const [resource, subresource] of [
    ["pods", "exec"],
    ["pods", "log"],
    ["deployments", "scale"],
    ["serviceaccounts", "token"],
  ] as const) {
    it(`is the object whose ${resource}/${subresource} was asked for, and never what the answer is called`, () => {
      const fields = { ...AUDIT, "ka.target.resource": resource, "ka.target.subresource": subresource };
      const { object, pod } = named({ ...fields, "ka.resp.name": "other" });
      assert.deepEqual(object, { resource, name: "alpine", namespace: "default", subresource, raisedAt });
      assert.equal(pod?.name, resource === "pods" ? "alpine" : undefined);
      const rest = { ...NAMELESS, "ka.target.resource": resource, "ka.target.subresource": subresource };
      assert.deepEqual(named({ ...rest, "ka.resp.name": "other" }), {});
    });
  }

  it("is the container of the pod that was entered, where the alert says which", () => {
    const entered = { ...AUDIT, "ka.target.subresource": "exec", "ka.uri.param[container]": "sidecar" };
    assert.equal(named(entered).pod?.container, "sidecar");
    assert.match(
      named({ ...entered, "ka.uri.param[container]": "../.." }).unusable ?? "",
      /^ka\.uri\.param\[container\]/,
    );
  });

  it("is of the API group that its path names, and a pod of another group's is none", () => {
    const groupOf = (uri: string) => named({ ...AUDIT, "ka.uri": uri }).object?.group;
    assert.equal(groupOf("/api/v1/namespaces/default/pods/alpine/exec?command=sh"), "");
    assert.equal(groupOf("/apis/apps/v1/namespaces/default/pods/alpine"), "apps");
    for (const uri of ["", "/", "api/v1", "/apis/", "/apis/a b/v1", "/apis/../v1"])
      assert.ok([undefined, ".."].includes(groupOf(uri)), uri);
    const metrics = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/alpine";
    assert.equal(named({ ...AUDIT, "ka.uri": metrics }).pod, undefined);
  });

  it("is an object in no namespace, and no pod then", () => {
    const { object, pod } = named({ "ka.target.resource": "pods", "ka.target.name": "alpine" });
    assert.deepEqual(object, { resource: "pods", name: "alpine", raisedAt });
    assert.equal(pod, undefined);
  });

  it("is no object where its kind or its name is missing", () => {
    assert.deepEqual(named({ "ka.target.resource": "pods", "ka.target.namespace": "a" }), {});
    assert.deepEqual(named({ "ka.target.name": "alpine" }), {});
  });

  it("is a role by the name that roles may have, and that is no pod's", () => {
    const name = "system:controller:job-controller";
    assert.equal(named({ "ka.target.resource": "clusterroles", "ka.target.name": name }).object?.name, name);
    assert.equal(named({ ...AUDIT, "ka.target.name": name }).pod, undefined);
  });

  it("is the syscall's pod first, where it has both", () => {
    assert.equal(named({ ...AUDIT, ...SYSCALL, "ka.target.name": "other" }).pod?.name, "alpine");
  });
});

describe("a name that nothing can have", () => {
  const fields: [string, Record<string, string>, readonly string[]][] = [
    ["k8s.ns.name", SYSCALL, HOSTILE],
    ["k8s.pod.name", SYSCALL, HOSTILE],
    ["k8s.pod.uid", SYSCALL, ["..", ".", "a/b", "-a", "a\n", "a b", "%2e", "x".repeat(64), "x".repeat(4096)]],
    ["ka.target.namespace", AUDIT, HOSTILE],
    [
      "ka.target.name",
      AUDIT,
      HOSTILE.filter((name) => !/^[\w.-]+$/.test(name) || /^\.+$/.test(name) || name.length > 253),
    ],
    ["ka.target.resource", AUDIT, ["..", "Pods", "pods/exec", "a b", "a1", "x".repeat(64), "x".repeat(4096)]],
    ["ka.target.subresource", AUDIT, ["..", "EXEC", "a/b", "x".repeat(64)]],
  ];
  for (const [field, rest, values] of fields) {
    for (const value of values) {
      it(`makes the whole alert unusable: ${field} ${JSON.stringify(value.slice(0, 8))}`, () => {
        const found = named({ ...rest, [field]: value }, { hostname: "node-1", time: TIME });
        assert.deepEqual(Object.keys(found), ["unusable"]);
        const { unusable = "" } = found;
        assert.ok(unusable.startsWith(`${field}: "`), unusable);
        assert.ok(unusable.length < 200);
        assert.doesNotMatch(unusable, /[\p{Cc}\p{Cf}]/u);
      });
    }
  }

  it("is not forgiven because another field is good, and each is told of", () => {
    const { unusable = "", ...rest } = named({ ...SYSCALL, ...AUDIT, "k8s.ns.name": "..", "ka.target.name": ".." });
    assert.deepEqual(rest, {});
    assert.match(unusable, /ka\.target\.name.*; k8s\.ns\.name/);
  });

  it("in ka.resp.name is none where the target has its own name, and unusable where it hasn't", () => {
    assert.equal(named({ ...AUDIT, "ka.resp.name": ".." }).object?.name, "alpine");
    assert.match(named({ ...NAMELESS, "ka.resp.name": ".." }).unusable ?? "", /^ka\.resp\.name/);
  });
});
