import assert from "node:assert/strict";
import {
  ApiError,
  apiErrorOf,
  FAILURES,
  finalityOf,
  isNotFound,
  statusError,
  type Failure,
  type Finality,
} from "../../../responder/kubernetes/errors.ts";

const told = (failure: Failure, code?: number) =>
  finalityOf(new ApiError(failure, "because", code === undefined ? {} : { code }));

describe("what the Broker is told of a failure", () => {
  // written out, so that a change of the table is a change here
  const wanted: Record<Finality, [Failure, ...number[]][]> = {
    "once more": [
      ["unreachable"],
      ["time-out"],
      ["broken"],
      ["not-kubernetes"],
      ["status", 401, 408, 409, 410, 425, 429, 500, 502, 503, 504, 507],
    ],
    final: [["status", 400, 403, 404, 405, 406, 413, 414, 415, 422, 501], ["name"], ["defect"]],
  };
  for (const finality of ["once more", "final"] as const) {
    for (const [failure, ...codes] of wanted[finality]) {
      for (const code of codes.length > 0 ? codes : [undefined]) {
        it(`is "${finality}" for ${failure}${code === undefined ? "" : ` ${code}`}`, () => {
          assert.equal(told(failure, code), finality);
        });
      }
    }
  }

  it("is in a row of the table for each of these, with a reason, once", () => {
    const rows = FAILURES.flatMap(({ failure, codes }) =>
      codes ? codes.map((code) => `${failure} ${code}`) : [failure],
    );
    const listed = Object.values(wanted)
      .flat()
      .flatMap(([failure, ...codes]) => (codes.length > 0 ? codes.map((code) => `${failure} ${code}`) : [failure]));
    assert.deepEqual(rows.toSorted(), listed.toSorted());
    assert.equal(new Set(rows).size, rows.length);
    assert.ok(FAILURES.every(({ why }) => why !== ""));
  });

  for (const [code, finality] of [
    [402, "final"],
    [418, "final"],
    [451, "final"],
    [499, "final"],
    [505, "once more"],
    [511, "once more"],
    [599, "once more"],
  ] as const) {
    it(`is "${finality}" for ${code}, which the table doesn't name`, () => {
      assert.equal(told("status", code), finality);
    });
  }

  for (const failure of ["unreachable", "time-out", "broken", "not-kubernetes"] as const) {
    it(`doesn't depend on the status of what is ${failure}`, () => {
      for (const code of [200, 302, 403, 404, 500]) assert.equal(told(failure, code), "once more");
    });
  }
});

describe("an answer outside 2xx", () => {
  const status = (more: object) => JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", ...more });

  it("in the API's words says what and why", () => {
    const error = statusError(404, status({ message: 'pods "a" not found', reason: "NotFound" }), undefined);
    const { failure, code, reason, message, retryAfter } = error;
    assert.deepEqual([failure, code, reason, message], ["status", 404, "NotFound", 'pods "a" not found']);
    assert.equal(retryAfter, undefined);
    assert.ok(isNotFound(error));
  });

  const foreign: [string, number, string][] = [
    ["HTML", 404, "<html>not found</html>"],
    ["nothing", 404, ""],
    ["plain text", 429, "Too many requests, please try again later.\n"],
    ["JSON of somebody else", 404, '{"error":"not found","reason":"NotFound","code":404}'],
    ["an object that is no Status", 404, '{"kind":"Pod","reason":"NotFound"}'],
    ["a list", 404, '[{"kind":"Status"}]'],
    ["a redirect, in whatever words", 302, status({ reason: "NotFound" })],
    ["an informational answer", 100, status({})],
    ["what is no status", 0, status({})],
  ];
  for (const [what, code, body] of foreign) {
    it(`that is ${what} is not the API's, and nothing is gone by it`, () => {
      const error = statusError(code, body, undefined);
      assert.equal(error.failure, "not-kubernetes");
      assert.equal(finalityOf(error), "once more");
      assert.ok(!isNotFound(error));
    });
  }

  it("is no sign that an object is gone where it says 404 of something else", () => {
    for (const reason of [undefined, "NotFoundAtAll", "Expired", 7]) {
      assert.ok(!isNotFound(statusError(404, status({ reason }), undefined)));
    }
  });

  for (const [header, seconds] of [
    ["7", 7],
    ["0.2", 1],
    ["3600", 3600],
    ["3601", undefined],
    ["0", undefined],
    ["-1", undefined],
    ["Infinity", undefined],
    ["1e9", undefined],
    ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
    ["", undefined],
    [undefined, undefined],
  ] as const) {
    it(`asks to wait ${seconds ?? "no"} seconds by Retry-After ${JSON.stringify(header)}`, () => {
      assert.equal(statusError(429, "slow down", header).retryAfter, seconds);
      assert.equal(statusError(429, status({}), header).retryAfter, seconds);
    });
  }

  it("is bounded and on one line, whatever it says", () => {
    const long = "\u001b[2J\n".repeat(300_000);
    const error = statusError(403, status({ message: long, reason: long }), undefined);
    assert.ok(Buffer.byteLength(error.message) <= 1024);
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    assert.equal(error.reason, undefined);
  });

  it("without a message says its status", () => {
    for (const message of [undefined, "", 7, {}]) {
      assert.equal(statusError(500, status({ message }), undefined).message, "HTTP status 500");
    }
  });
});

describe("what was thrown", () => {
  it("by the client is what it is", () => {
    const error = new ApiError("time-out", "no answer");
    assert.equal(apiErrorOf(error), error);
  });

  for (const [thrown, said] of [
    [new TypeError("x is undefined"), "TypeError: x is undefined"],
    ["a text", "a text"],
    [undefined, "undefined"],
    [null, "null"],
  ] as const) {
    it(`by something else (${said}) is a defect, which asking again can't mend`, () => {
      const error = apiErrorOf(thrown);
      assert.equal(error.failure, "defect");
      assert.equal(error.code, undefined);
      assert.equal(error.message, `a defect of the responder, which its log shows (${said})`);
      assert.equal(finalityOf(error), "final");
    });
  }
});
