import assert from "node:assert/strict";
import { asEvidence, keptObject, type ContainerLog } from "../../../../responder/actions/pods/as-evidence.ts";
import { LIMITS } from "../../../../responder/limits.ts";

interface Known {
  pod?: object;
  owners?: { kind: string; name: string; object: object }[];
  events?: object[];
  logs?: ContainerLog[];
}

const log = (text: string) => ({ container: "app", previous: false, text, truncated: false });

function evidence({ pod = { metadata: { name: "alpine" } }, owners = [], events = [], logs = [] }: Known) {
  const kept = (object: object) => keptObject(object, LIMITS.evidenceObject);
  const known = {
    pod: kept(pod),
    owners: owners.map(({ object, ...owner }) => ({ ...owner, object: kept(object) })),
    events: events.map((event) => keptObject(event, 4 * LIMITS.field)),
    logs,
  };
  const { text, truncated } = asEvidence(known, LIMITS.output, false);
  assert.ok(Buffer.byteLength(text) <= LIMITS.output, `${Buffer.byteLength(text)} bytes`);
  return {
    truncated,
    ...(JSON.parse(text) as { pod: object; owners: object[]; events: object[]; logs: { text: string }[] }),
  };
}

describe("what is known of a pod, as evidence", () => {
  it("is all of it where it is small, without who wrote which field", () => {
    const pod = { metadata: { name: "alpine", managedFields: [{}], annotations: { a: "b" } }, spec: { a: 1 } };
    assert.deepEqual(evidence({ pod, events: [{ reason: "BackOff" }], logs: [log("a\n")] }), {
      truncated: false,
      pod: { metadata: { name: "alpine", annotations: { a: "b" } }, spec: { a: 1 } },
      owners: [],
      events: [{ reason: "BackOff", metadata: {} }],
      logs: [log("a\n")],
    });
  });

  it("leaves the annotations of an object out that fill it, and says that something is missing", () => {
    const pod = { metadata: { name: "alpine", annotations: { a: "x".repeat(256 * 1024) } }, spec: { a: 1 } };
    const { pod: kept, truncated } = evidence({ pod });
    assert.deepEqual(kept, { metadata: { name: "alpine" }, spec: { a: 1 } });
    assert.equal(truncated, true);
  });

  it("says how large an object is that is too large all the same", () => {
    const containers = Array.from({ length: 10_000 }, (_, index) => ({ name: `c-${index}` }));
    const { pod, truncated } = evidence({ pod: { metadata: {}, spec: { containers } } });
    assert.match(JSON.stringify(pod), /^\{"leftOut":"\d+ bytes"\}$/);
    assert.equal(truncated, true);
  });

  it("is bounded with the worst of everything, and has something of each", () => {
    const large = { metadata: { name: "x", labels: { a: '"'.repeat(10_000) } } };
    const worst = evidence({
      pod: large,
      owners: Array.from({ length: 4 }, () => ({ kind: "Foo", name: "x".repeat(253), object: large })),
      events: Array.from({ length: 200 }, () => ({ metadata: {}, message: "\u2028".repeat(600) })),
      logs: Array.from({ length: 20 }, () => log('"\\\n\t'.repeat(5_000))),
    });
    assert.equal(worst.truncated, true);
    assert.ok(worst.events.length > 0 && worst.events.length < 200);
    for (const { text } of worst.logs) assert.ok(text.length > 1_000 && text.length < 20_000);
  });

  it("keeps the end of a log", () => {
    const { logs } = evidence({ logs: [log(`${'"'.repeat(600 * 1024)}end`)] });
    assert.match(logs[0]?.text ?? "", /"end$/);
  });
});
