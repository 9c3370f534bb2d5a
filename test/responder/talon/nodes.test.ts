import { alert, apiError } from "../fixtures.ts";
import { byAudit, doesWith, OLD, READ, type Case } from "./answer.ts";

const DRAIN = `
  actionner: kubernetes:drain
  parameters:
    force: true
    ignore_daemonsets: true
    ignore_statefulsets: "true"
    ignore_errors: "true"
    min_healthy_replicas: "2"
    max_wait_period: 90
    wait_period_excluded_namespaces:
      - slow
`;

/** The one thing that falco-talon can leave out and this can't: the kinds. */
const DELETE = "\n  actionner: kubernetes:delete\n  parameters:\n    resources: [configmaps, namespaces]\n";

function onNode(name: string, namespace: string, kind: string) {
  return {
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      ownerReferences: [{ kind, name: "owner", apiVersion: "apps/v1", uid: "owner", controller: true }],
    },
    spec: { nodeName: "node-1", containers: [] },
  };
}
const eviction = (name: string, namespace: string) => ({
  verb: "evict",
  name,
  body: {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid: `uid-${name}` } },
  },
});
const changeOfNode = (changes: { metadata?: object; spec?: object }) => ({
  verb: "patch node",
  name: "node-1",
  body: { ...changes, metadata: { ...changes.metadata, uid: "node-uid" } },
});

const READ_NODE = { verb: "get node", name: "node-1" };

const CASES: Case[] = [
  {
    what: "label with level node",
    action: "\n  actionner: kubernetes:label\n  parameters:\n    level: node\n    labels:\n      compromised: yes\n",
    outcome: "done",
    calls: [READ, READ_NODE, changeOfNode({ metadata: { labels: { compromised: "yes" } } })],
  },
  {
    what: "cordon",
    action: "\n  actionner: kubernetes:cordon\n",
    outcome: "done",
    calls: [READ, READ_NODE, changeOfNode({ spec: { unschedulable: true } })],
  },
  {
    what: "drain with all its parameters",
    action: DRAIN,
    answers: {
      onNode: () => [
        onNode("ds", "default", "DaemonSet"),
        onNode("sts", "default", "StatefulSet"),
        onNode("job", "shop", "Job"),
        onNode("batch", "slow", "Job"),
        onNode("rs", "default", "ReplicaSet"),
      ],
      replicas: { ready: 1, wanted: 3 },
      evict: (name) => {
        if (name === "job") throw apiError(422, "refused");
      },
    },
    outcome: "done",
    calls: [
      READ,
      READ_NODE,
      changeOfNode({ spec: { unschedulable: true } }),
      { verb: "list", name: "spec.nodeName=node-1" },
      { verb: "get owner", name: "owner" },
      eviction("job", "shop"),
      eviction("batch", "slow"),
    ],
  },
  {
    what: "delete",
    action: DELETE,
    about: byAudit,
    outcome: "done",
    answers: { object: () => OLD("exfil-uid") },
    calls: [
      { verb: "get metadata", name: "exfil" },
      { verb: "delete object", name: "exfil", body: { uid: "exfil-uid" } },
    ],
    deleted: ["/api/v1/namespaces/shop/configmaps/exfil"],
  },
  {
    what: "delete of a namespace",
    action: DELETE,
    about: alert({ "ka.target.resource": "namespaces", "ka.target.name": "unknown", "ka.target.namespace": "unknown" }),
    outcome: "done",
    answers: { object: () => OLD("unknown-uid") },
    calls: [
      { verb: "get metadata", name: "unknown" },
      { verb: "delete object", name: "unknown", body: { uid: "unknown-uid" } },
    ],
    deleted: ["/api/v1/namespaces/unknown"],
  },
];

describe("a rules file in falco-talon's syntax does with the actionner", () => {
  doesWith(CASES);
});
