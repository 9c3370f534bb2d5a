import assert from "node:assert/strict";
import type { CloudEvent } from "cloudevents";
import type { Alert } from "../../responder/alerts/alert.ts";
import type { OutputData } from "../../responder/outputs/output-event.ts";
import { respond } from "../../responder/engine/respond.ts";
import { rulesFor } from "../../responder/rules/answering.ts";
import type { Engine } from "../../responder/engine/run-rule.ts";
import { loadRules } from "../../responder/rules/load.ts";
import { alert, apiError, cluster, CONTAINER_ID, container, POD_UID, running } from "./fixtures.ts";

type Answers = Parameters<typeof cluster>[0];

/** A pod of a ReplicaSet, as an alert of falco-talon's users finds it. */
const POD = () => {
  const known = running(container("app", { containerID: CONTAINER_ID }));
  return {
    ...known,
    metadata: {
      ...known.metadata,
      labels: { app: "web" },
      ownerReferences: [{ kind: "ReplicaSet", name: "web-7c9d", apiVersion: "apps/v1", uid: "rs", controller: true }],
    },
  };
};
const NODE = () => ({ metadata: { labels: { "kubernetes.io/hostname": "node-1.example.com" } } });
const FILES: Record<string, string> = { "scripts/look.sh": "ps\n" };

const byAudit = alert(
  { "ka.target.resource": "configmaps", "ka.target.name": "exfil", "ka.target.namespace": "shop" },
  { source: "k8s_audit" },
);

/** What a pod's calls of the API have in common. */
const READ = { verb: "get", name: "alpine" };

function load(yaml: string) {
  const readFile = (path: string) => FILES[path] ?? assert.fail(path);
  return loadRules([{ name: "rules.yaml", text: yaml }], { readFile });
}

async function answer(yaml: string, answers: Answers = {}, about: Alert = alert()) {
  const on = cluster({ pod: POD, node: NODE, ...answers });
  const outputs: OutputData[] = [];
  const engine: Engine = {
    rules: load(yaml),
    protectedNamespaces: new Set(["kube-system"]),
    cluster: on,
    events: false,
    deduplicationSeconds: 0,
    sink: (event) => {
      outputs.push((event as CloudEvent<OutputData>).data ?? assert.fail());
      return Promise.resolve();
    },
  };
  const told = await respond(about, "key", engine);
  return {
    calls: on.calls,
    outputs,
    told,
    outcomes: "steps" in told ? told.steps.map(({ action, outcome }) => `${action}: ${outcome}`) : [],
  };
}

interface Case {
  what: string;
  /** An action of a rules file. */
  action: string;
  answers?: Answers;
  about?: Alert;
  outcome: string;
  calls: unknown[];
}

const command = (text: string, shell = "/bin/sh") => ({
  verb: "exec",
  name: "app",
  body: {
    namespace: "default",
    pod: "alpine",
    container: "app",
    command: [shell, "-c", text],
    timeout: 20_000,
    limit: 512 * 1024,
  },
});
const logs = (tailLines: number) => ({
  verb: "log",
  name: "app",
  body: { namespace: "default", name: "alpine", tailLines, limitBytes: 8 * 1024 * 1024 },
});
const deletion = (gracePeriodSeconds: number) => ({
  verb: "delete",
  name: "alpine",
  body: { gracePeriodSeconds, preconditions: { uid: POD_UID } },
});

const TERMINATE = `
  actionner: kubernetes:terminate
  parameters:
    grace_period_seconds: 5
    ignore_daemonsets: true
    ignore_statefulsets: "true"
    min_healthy_replicas: 33%
`;

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

function onNode(name: string, namespace: string, kind: string) {
  return {
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      ownerReferences: [{ kind, name: "owner", apiVersion: "apps/v1", uid: "o", controller: true }],
    },
  };
}
const eviction = (name: string, namespace: string) => ({
  verb: "evict",
  name,
  body: { metadata: { name, namespace }, deleteOptions: { preconditions: { uid: `uid-${name}` } } },
});

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
  {
    what: "label with level node",
    action: "\n  actionner: kubernetes:label\n  parameters:\n    level: node\n    labels:\n      compromised: yes\n",
    outcome: "done",
    calls: [READ, { verb: "patch node", name: "node-1", body: { metadata: { labels: { compromised: "yes" } } } }],
  },
  {
    what: "log with 20 lines by default",
    action: "\n  actionner: kubernetes:log\n",
    outcome: "done",
    calls: [READ, logs(20)],
  },
  {
    what: "log with all its parameters",
    action:
      "\n  actionner: kubernetes:log\n  parameters:\n    tail_lines: 200\n  output:\n    target: aws:s3\n    parameters:\n      bucket: evidence\n      prefix: /logs/\n",
    outcome: "done",
    calls: [READ, logs(200)],
  },
  {
    what: "exec with /bin/sh by default",
    action: "\n  actionner: kubernetes:exec\n  parameters:\n    command: ls /tmp\n",
    outcome: "done",
    calls: [READ, command("ls /tmp"), READ],
  },
  {
    what: "exec with all its parameters, the alert's fields and the context k8snode as variables",
    action:
      "\n  actionner: kubernetes:exec\n  additional_contexts:\n    - k8snode\n  parameters:\n    shell: /bin/bash\n    command: 'cp \"${FD_NAME}\" /quarantine/${NODE_HOSTNAME}'\n",
    about: alert({ "fd.name": "/tmp/miner" }),
    outcome: "done",
    calls: [
      READ,
      { verb: "get node", name: "node-1" },
      READ,
      command(
        "export FD_NAME='/tmp/miner'\nexport NODE_HOSTNAME='node-1.example.com'\ncp \"${FD_NAME}\" /quarantine/${NODE_HOSTNAME}",
        "/bin/bash",
      ),
      READ,
    ],
  },
  {
    what: "script with /bin/sh by default",
    action: "\n  actionner: kubernetes:script\n  parameters:\n    script: |\n      ps\n      cat ${PROC_EXEPATH}\n",
    about: alert({ "proc.exepath": "/bin/x" }),
    outcome: "done",
    calls: [READ, command("export PROC_EXEPATH='/bin/x'\nps\ncat ${PROC_EXEPATH}\n"), READ],
  },
  {
    what: "script with a file and a shell",
    action: "\n  actionner: kubernetes:script\n  parameters:\n    shell: /bin/bash\n    file: scripts/look.sh\n",
    outcome: "done",
    calls: [READ, command("ps\n", "/bin/bash"), READ],
  },
  {
    what: "cordon",
    action: "\n  actionner: kubernetes:cordon\n",
    outcome: "done",
    calls: [READ, { verb: "patch node", name: "node-1", body: { spec: { unschedulable: true } } }],
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
      { verb: "list", name: "spec.nodeName=node-1" },
      { verb: "get owner", name: "owner" },
      eviction("job", "shop"),
      eviction("batch", "slow"),
    ],
  },
  {
    what: "delete",
    action: "\n  actionner: kubernetes:delete\n",
    about: byAudit,
    outcome: "done",
    calls: [{ verb: "delete object", name: "/api/v1/namespaces/shop/configmaps/exfil" }],
  },
  {
    what: "delete of a namespace",
    action: "\n  actionner: kubernetes:delete\n",
    about: alert({ "ka.target.resource": "namespaces", "ka.target.name": "unknown", "ka.target.namespace": "unknown" }),
    outcome: "done",
    calls: [{ verb: "delete object", name: "/api/v1/namespaces/unknown" }],
  },
];

describe("a rules file in falco-talon's syntax", () => {
  describe("does with the actionner", () => {
    for (const { what, action, answers, about, outcome, calls } of CASES) {
      it(what, async () => {
        const file = `- action: Act\n  description: what it does${action}- rule: Answer\n  actions:\n    - action: Act\n`;
        const { calls: made, outcomes } = await answer(file, answers, about);
        assert.deepEqual(outcomes, [`Act: ${outcome}`]);
        assert.deepEqual(made, calls);
      });
    }

    it("log what its output says: the Broker gets it with its target", async () => {
      const { outputs } = await answer(
        `
- rule: Answer
  actions:
    - action: Keep
      actionner: kubernetes:log
      output:
        target: minio:s3
        parameters:
          bucket: evidence
          prefix: /logs/
`,
        { log: () => "a\n" },
      );
      assert.deepEqual(
        outputs.map(({ action, output, target }) => ({ action, output, target })),
        [
          {
            action: "Keep",
            output: "a\n",
            target: { target: "minio:s3", parameters: { bucket: "evidence", prefix: "/logs/" } },
          },
        ],
      );
    });
  });

  describe("lets the next action of a rule run", () => {
    const actionners: [string, boolean, string?][] = [
      ["terminate", false],
      ["delete", false],
      ["networkpolicy", true],
      ["label", true, "labels: {a: b}"],
      ["log", true],
      ["exec", true, "command: ls"],
      ["script", true, "script: ls"],
      ["cordon", true],
      ["drain", true],
    ];
    const both = alert({
      "ka.target.resource": "configmaps",
      "ka.target.name": "exfil",
      "ka.target.namespace": "shop",
    });
    const ran = async (actionner: string, parameters = "", flags = "", answers: Answers = {}) => {
      const first = `{action: First, actionner: "kubernetes:${actionner}", parameters: {${parameters}}${flags}}`;
      const { outcomes } = await answer(
        `- rule: Answer\n  actions: [${first}, {action: Second, actionner: "kubernetes:cordon"}]\n`,
        answers,
        both,
      );
      return outcomes.map((outcome) => outcome.slice(0, outcome.indexOf(":"))).join();
    };

    for (const [actionner, follows, parameters] of actionners) {
      it(`after kubernetes:${actionner}${follows ? " unless the file says otherwise" : " only where the file says so"}`, async () => {
        assert.equal(await ran(actionner, parameters), follows ? "First,Second" : "First");
        for (const yes of ["true", '"true"'])
          assert.equal(await ran(actionner, parameters, `, continue: ${yes}`), "First,Second");
        for (const no of ["false", '"false"'])
          assert.equal(await ran(actionner, parameters, `, continue: ${no}`), "First");
      });
    }

    it("after one that failed only with ignore_errors", async () => {
      const answers: Answers = { exec: () => ({ output: "", truncated: false, failure: "it ended with exit code 1" }) };
      assert.equal(await ran("exec", "command: ls", "", answers), "First");
      assert.equal(await ran("exec", "command: ls", ', ignore_errors: "false"', answers), "First");
      for (const yes of ["true", '"true"'])
        assert.equal(await ran("exec", "command: ls", `, ignore_errors: ${yes}`, answers), "First,Second");
    });
  });

  describe("matches alerts", () => {
    const answering = (yaml: string, about: Alert) =>
      rulesFor(about, load(yaml))
        .map(({ name }) => name)
        .join();
    const rule = (name: string, more: string) =>
      `- rule: ${name}\n${more}  actions:\n    - action: Cordon\n      actionner: kubernetes:cordon\n`;

    it("by all that match has, together", () => {
      const yaml = rule(
        "Miner",
        `  description: >
    a miner
  match:
    rules:
      - Terminal shell in container
      - Another
    output_fields:
      - k8s.ns.name!=kube-system, k8s.ns.name!=falco
      - k8s.pod.name=web
    priority: ">=Notice"
    source: syscall
    tags:
      - network
      - container, shell
`,
      );
      assert.equal(answering(yaml, alert()), "Miner");
      const others: [Record<string, unknown>, Record<string, unknown>][] = [
        [{}, { rule: "Other" }],
        [{ "k8s.ns.name": "falco" }, {}],
        [{}, { priority: "Debug" }],
        [{}, { source: "k8s_audit" }],
        [{}, { tags: ["container"] }],
      ];
      for (const [fields, payload] of others)
        assert.equal(answering(yaml, alert(fields, payload)), "", JSON.stringify([fields, payload]));
      assert.equal(answering(yaml, alert({ "k8s.ns.name": "falco", "k8s.pod.name": "web" })), "Miner");
    });

    const priorities: [string, string[]][] = [
      ["Error", ["Error"]],
      ["=Error", ["Error"]],
      [">Error", ["Critical"]],
      [">=error", ["Critical", "Error"]],
      ["<Error", ["Warning"]],
      ["<=Error", ["Error", "Warning"]],
    ];
    for (const [priority, taken] of priorities) {
      it(`by priority ${priority}`, () => {
        const yaml = rule("R", `  match:\n    priority: "${priority}"\n`);
        assert.deepEqual(
          ["Critical", "Error", "Warning"].filter((one) => answering(yaml, alert({}, { priority: one })) !== ""),
          taken,
        );
      });
    }

    it("by several rules in order, until one says that none is to follow", () => {
      assert.equal(answering(rule("A", "") + rule("B", ""), alert()), "A,B", "continue is true where it isn't said");
      assert.equal(answering(rule("A", '  continue: "true"\n') + rule("B", ""), alert()), "A,B");
      assert.equal(answering(rule("A", '  continue: "false"\n') + rule("B", ""), alert()), "A");
      assert.equal(answering(rule("A", "  continue: false\n") + rule("B", ""), alert()), "A");
    });

    it("and does nothing where the rule runs dry", async () => {
      for (const flag of ["true", '"true"']) {
        const { calls, outcomes } = await answer(rule("A", `  dry_run: ${flag}\n`));
        assert.deepEqual(outcomes, ["Cordon: dry-run"]);
        assert.deepEqual(calls, []);
      }
    });
  });

  it("gives a named action's keys to the rules that use it, which may have their own", async () => {
    const { outcomes, calls } = await answer(
      `
- action: Look
  description: runs a command
  actionner: kubernetes:exec
  continue: "true"
  ignore_errors: "true"
  parameters:
    shell: /bin/bash
    command: ls /tmp
- rule: Answer
  actions:
    - action: Look
      parameters:
        command: ls /root
    - action: Cordon
      actionner: kubernetes:cordon
`,
      { exec: () => ({ output: "", truncated: false, failure: "it ended with exit code 2" }) },
    );
    assert.deepEqual(outcomes, ["Look: failed", "Cordon: done"]);
    assert.deepEqual(calls[1], command("ls /root", "/bin/bash"));
  });
});
