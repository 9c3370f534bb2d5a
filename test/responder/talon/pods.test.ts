import { POD_UID } from "../fixtures.ts";
import { doesWith, POD, READ, type Case, LOOK } from "./answer.ts";

const deletion = (gracePeriodSeconds: number) => ({
  verb: "delete",
  name: "alpine",
  body: { gracePeriodSeconds, uid: POD_UID },
});

const TERMINATE = `
  actionner: kubernetes:terminate
  parameters:
    grace_period_seconds: 5
    ignore_daemonsets: true
    ignore_statefulsets: "true"
    min_healthy_replicas: 33%
`;

const CASES: Case[] = [
  {
    what: "terminate with all its parameters",
    action: TERMINATE,
    answers: { replicas: { ready: 1, wanted: 3 } },
    outcome: "terminated",
    calls: [READ, { verb: "get owner", name: "web-7c9d" }, deletion(5)],
  },
  {
    what: "terminate with fewer healthy replicas than min_healthy_replicas",
    action: TERMINATE,
    answers: { replicas: { ready: 0, wanted: 3 } },
    outcome: "ignored",
    calls: [READ, { verb: "get owner", name: "web-7c9d" }],
  },
  ...["DaemonSet", "StatefulSet"].map((kind): Case => ({
    what: `terminate with ignore_${kind.toLowerCase()}s`,
    action: TERMINATE,
    answers: {
      pod: () => ({
        ...POD(),
        metadata: {
          uid: POD_UID,
          ownerReferences: [{ kind, name: "owner", apiVersion: "apps/v1", uid: "o", controller: true }],
        },
      }),
    },
    outcome: "ignored",
    calls: [READ],
  })),
  {
    what: "terminate without parameters",
    action: "\n  actionner: kubernetes:terminate\n",
    outcome: "terminated",
    calls: [deletion(0)],
  },
  {
    what: "networkpolicy with all its parameters",
    action: `
  actionner: kubernetes:networkpolicy
  parameters:
    allow_cidr:
      - "10.1.0.0/16"
    allow_namespaces:
      - monitoring
`,
    outcome: "done",
    calls: [
      READ,
      {
        verb: "create policy",
        name: "response-web-7c9d-04e8ecbe",
        body: {
          apiVersion: "networking.k8s.io/v1",
          kind: "NetworkPolicy",
          metadata: {
            name: "response-web-7c9d-04e8ecbe",
            namespace: "default",
            labels: { "app.kubernetes.io/managed-by": "response-engine" },
          },
          spec: {
            podSelector: { matchLabels: { app: "web" } },
            policyTypes: ["Egress"],
            egress: [
              {
                to: [
                  { ipBlock: { cidr: "10.1.0.0/16" } },
                  { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } },
                ],
              },
            ],
          },
        },
      },
      LOOK,
      { verb: "list networkpolicies", name: "" },
    ],
  },
  {
    what: "label with level pod by default, and an empty value that removes one",
    action: '\n  actionner: kubernetes:label\n  parameters:\n    labels:\n      quarantine: true\n      released: ""\n',
    outcome: "done",
    calls: [
      {
        verb: "patch",
        name: "alpine",
        body: { metadata: { labels: { quarantine: "true", released: null }, uid: POD_UID } },
      },
    ],
  },
];

describe("a rules file in falco-talon's syntax does with the actionner", () => {
  doesWith(CASES);
});
