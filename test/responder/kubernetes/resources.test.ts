import assert from "node:assert/strict";
import { ApiError, finalityOf } from "../../../responder/kubernetes/errors.ts";
import {
  DELETABLE,
  EVENTS,
  NAMESPACES,
  NETWORKPOLICIES,
  NODES,
  pathOf,
  PODS,
  STATEFULSETS,
  type Place,
} from "../../../responder/kubernetes/resources.ts";

const roles = DELETABLE.find(({ name }) => name === "roles") ?? assert.fail("no roles");
const clusterRoles = DELETABLE.find(({ name }) => name === "clusterroles") ?? assert.fail("no clusterroles");

describe("the path of a place in the API", () => {
  const paths: [string, Place][] = [
    ["/api/v1/namespaces/default/pods/alpine", { resource: PODS, namespace: "default", name: "alpine" }],
    [
      "/api/v1/namespaces/default/pods/alpine/eviction",
      { resource: PODS, namespace: "default", name: "alpine", subresource: "eviction" },
    ],
    ["/api/v1/pods", { resource: PODS }],
    ["/api/v1/namespaces/default/events", { resource: EVENTS, namespace: "default" }],
    ["/api/v1/nodes/node-1.example.com", { resource: NODES, name: "node-1.example.com" }],
    ["/api/v1/namespaces/3scale", { resource: NAMESPACES, name: "3scale" }],
    ["/apis/apps/v1/namespaces/a/statefulsets/db", { resource: STATEFULSETS, namespace: "a", name: "db" }],
    [
      "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/p",
      { resource: NETWORKPOLICIES, namespace: "a", name: "p" },
    ],
    [
      "/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles/system%3Anode",
      { resource: roles, namespace: "a", name: "system:node" },
    ],
    [
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin",
      { resource: clusterRoles, name: "cluster-admin" },
    ],
  ];
  for (const [path, place] of paths) {
    it(`is ${path}`, () => {
      assert.equal(pathOf(place), path);
    });
  }

  const refuses = (place: Place) => {
    assert.throws(
      () => pathOf(place),
      (error) => error instanceof ApiError && error.failure === "name" && finalityOf(error) === "final",
    );
  };
  const names = [
    "..",
    ".",
    "",
    "a/b",
    "a/../b",
    "%2e%2e",
    "a?b",
    "a#b",
    "a\\b",
    "a\0",
    "a\n",
    " ",
    "ä",
    "\u202e",
    "x".repeat(254),
  ];
  for (const name of names) {
    it(`has no room for the name ${JSON.stringify(name.slice(0, 8))}, of whatever kind`, () => {
      for (const resource of DELETABLE) refuses({ resource, ...(resource.namespaced && { namespace: "a" }), name });
      refuses({ resource: NODES, name });
    });
    it(`has no room for the namespace ${JSON.stringify(name.slice(0, 8))}`, () => {
      refuses({ resource: PODS, namespace: name, name: "a" });
      refuses({ resource: EVENTS, namespace: name });
    });
  }

  it("of an object in a namespace needs that, and of one in none takes none", () => {
    refuses({ resource: PODS, name: "alpine" });
    refuses({ resource: NODES, namespace: "default", name: "node-1" });
    refuses({ resource: NAMESPACES, namespace: "default", name: "shop" });
  });

  it("has as many segments as the kind has, whatever is in it", () => {
    for (const name of ["a", "a.b", "a-b"]) {
      const path = pathOf({ resource: PODS, namespace: "default", name });
      assert.equal(path.split("/").length, 7);
      assert.equal(new URL(path, "https://api").pathname, path, "a URL leaves it as it is");
    }
  });
});
