import assert from "node:assert/strict";
import { containerNames, containersOf, containerWithId } from "../../../../responder/actions/pods/containers.ts";
import { CONTAINER_ID, container, pod, running } from "../../fixtures.ts";

const ID = "3ad7b26ded6d";

describe("a pod's containers", () => {
  it("are those that have been started, of all three kinds", () => {
    const all = pod({
      containerStatuses: [container("app")],
      initContainerStatuses: [container("setup")],
      ephemeralContainerStatuses: [container("debug")],
    });
    assert.deepEqual(
      containersOf(all).map(({ name }) => name),
      ["app", "setup", "debug"],
    );
    assert.deepEqual(containersOf(pod()), []);
  });

  it("are none that can't be called so", () => {
    const names = ["../..", "a b", "A", "", "x".repeat(64), "__proto__"];
    const odd = running(...names.map((name) => container(name, { containerID: CONTAINER_ID })));
    assert.deepEqual(containersOf(odd), []);
    assert.deepEqual(containerNames(odd), []);
    assert.equal(containerWithId(odd, ID), undefined);
  });

  it("are known by the first characters of their id, also by the one from before a restart", () => {
    assert.equal(containerWithId(running(container("app", { containerID: CONTAINER_ID })), ID)?.name, "app");
    const restarted = container("app", {
      containerID: "containerd://ffff",
      lastState: { terminated: { containerID: CONTAINER_ID, exitCode: 1 } },
    });
    assert.equal(containerWithId(running(restarted), ID)?.name, "app");
  });

  it("are known by the whole id, whatever stands before it, and by nothing in the middle", () => {
    const known = (containerID: string, id: string) =>
      containerWithId(running(container("app", { containerID })), id)?.name;
    assert.equal(known(`cri-o://${ID}ff`, ID), "app");
    assert.equal(known(`${ID}ff`, ID), "app");
    assert.equal(known(`containerd://0${ID}`, ID), undefined);
    assert.equal(known("containerd://", ID), undefined);
    assert.equal(known("", ID), undefined);
  });

  it("are found among ten thousand", () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      container(`c-${index}`, { containerID: `containerd://${index}` }),
    );
    const last = container("last", { containerID: CONTAINER_ID });
    assert.equal(containerWithId(running(...many, last), ID)?.name, "last");
  });
});
