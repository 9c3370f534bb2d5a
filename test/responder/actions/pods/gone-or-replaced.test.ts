import assert from "node:assert/strict";
import { goneOrReplaced, isOtherUid } from "../../../../responder/actions/pods/gone-or-replaced.ts";
import { ApiError } from "../../../../responder/kubernetes/errors.ts";
import { apiError, cluster, pod, POD_UID, unreachable } from "../../fixtures.ts";

const REFERENCE = { namespace: "default", name: "alpine", uid: POD_UID };
const PRECONDITION = `the UID in the precondition (${POD_UID}) does not match the UID in record (x)`;
const UPDATE = `Precondition failed: UID in precondition: ${POD_UID}, UID in object meta: x`;
const IMMUTABLE = `Pod "alpine" is invalid: metadata.uid: Invalid value: "${POD_UID}": field is immutable`;

describe("an answer of the API to an action on a pod by its UID", () => {
  it("says that the pod is gone, where the API itself knows none of its name", async () => {
    const { outcome } = await goneOrReplaced(apiError(404, "not found"), cluster({}), REFERENCE);
    assert.equal(outcome, "gone");
  });

  for (const [code, message] of [
    [409, PRECONDITION],
    [409, UPDATE],
    [422, IMMUTABLE],
  ] as const) {
    it(`says that another has its name: ${code} ${message.slice(0, 30)}`, async () => {
      assert.ok(isOtherUid(apiError(code, message)));
      const on = cluster({ pod: () => ({ metadata: { uid: "another" } }) });
      assert.equal((await goneOrReplaced(apiError(code, message), on, REFERENCE)).outcome, "replaced");
    });
  }

  it("says that it is a static pod, which the API knows by another UID", async () => {
    const mirror = {
      metadata: {
        uid: "mirror",
        annotations: { "kubernetes.io/config.mirror": POD_UID },
        ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "node-1", uid: "n" }],
      },
      spec: { nodeName: "node-1", containers: [] },
    };
    const reference = { ...REFERENCE, name: "etcd-node-1" };
    const { outcome, message } = await goneOrReplaced(
      apiError(409, PRECONDITION),
      cluster({ pod: () => mirror }),
      reference,
    );
    assert.equal(outcome, "failed");
    assert.match(message, /^pod default\/etcd-node-1 is a static pod/);
  });

  it("is passed on as it is, where it means neither", async () => {
    const others = [
      apiError(403, "no"),
      apiError(409, "the object has been modified"),
      apiError(422, "metadata.labels: Invalid value"),
      apiError(500, PRECONDITION),
      unreachable(PRECONDITION),
      new ApiError("not-kubernetes", PRECONDITION, { code: 409 }),
      new ApiError("not-kubernetes", "HTTP status 404", { code: 404, reason: "NotFound" }),
      new TypeError("a defect"),
    ];
    for (const error of others) {
      await assert.rejects(goneOrReplaced(error, cluster({ pod }), REFERENCE), (thrown) => thrown === error);
    }
  });
});
