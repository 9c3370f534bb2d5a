import assert from "node:assert/strict";

import type { ControlPlane } from "../../support/control-plane.ts";
import { alarm, containerOf, deliver, nameOf } from "../deliver.ts";
import { startOutputBroker, type OutputBroker } from "../output-broker.ts";
import { startResponder } from "../../support/responder.ts";
import { ownRightsOf } from "../../support/rights.ts";
import { controlPlane } from "../shared.ts";
import { pathOf, Workloads } from "../workloads.ts";
import { action, rule } from "./rules.ts";

const TAIL = "line 99\nline 100\n";
const SHELL = ["create pods/exec", "get pods", "get pods/exec"];

/** Rules' single actions, what the role has for each, and what a pod of two containers is answered with. */
/** What every rule that disrupts follows, to see what is exempt. */
const FOLLOWED = [
  ...["namespaces", "pods", "cronjobs.batch", "jobs.batch"],
  ...["daemonsets", "deployments", "replicasets", "statefulsets"].map((resource) => `${resource}.apps`),
].flatMap((resource) => ["get", "list", "watch"].map((verb) => `${verb} ${resource}`));

const CASES: Record<string, { of: object; rights: string[]; said: RegExp; output: RegExp }> = {
  log: {
    of: action("kubernetes:log", { tail_lines: 2 }),
    rights: ["get pods", "get pods/log"],
    said: /kept the end of the log of first, second of pod/,
    output: new RegExp(`^==> first <==\n${TAIL}\n==> second <==\n${TAIL}$`),
  },
  exec: {
    of: action("kubernetes:exec", { command: 'echo "on ${NODE_HOSTNAME}"' }, { additional_contexts: ["k8snode"] }),
    rights: [...SHELL, ...FOLLOWED, "get nodes"],
    said: /ran the command in container first of pod/,
    output: /^on node-0\n$/,
  },
  script: {
    of: action("kubernetes:script", { script: "echo one\necho two" }),
    rights: [...SHELL, ...FOLLOWED],
    said: /ran the script in container first of pod/,
    output: /^one\ntwo\n$/,
  },
  evidence: {
    of: action("kubernetes:evidence", { tail_lines: 2 }),
    rights: [
      ...["get pods", "get pods/log", "list events", "get cronjobs.batch", "get jobs.batch"],
      ...["daemonsets", "deployments", "replicasets", "statefulsets"].map((resource) => `get ${resource}.apps`),
    ],
    said: /kept the evidence of pod .*, 2 logs$/,
    output: /^\{"pod":\{.*"name":"own-role-evidence"/,
  },
};

describe("with the role of its rule alone, against a real API,", () => {
  let cluster: ControlPlane;
  let pods: Workloads;
  let broker: OutputBroker;

  before(async function () {
    cluster = await controlPlane(this);
    pods = new Workloads(cluster, "own-role");
    await pods.createNamespace();
    broker = await startOutputBroker();
  });

  after(() => {
    broker.stop();
  });

  for (const [name, { of, rights, said, output }] of Object.entries(CASES)) {
    it(`kubernetes:${name} does all that it has to, whether the alert says which container or not, and finds a pod gone`, async () => {
      const pod = await pods.createPod(`own-role-${name}`, { containers: ["first", "second"] });
      const config = { responderEvents: false, responderDeduplicationSeconds: 0 };
      const responder = await startResponder(cluster, JSON.stringify([rule("Do it", [of])]), {
        defaultRules: false,
        config,
        broker: broker.url,
      });
      try {
        assert.deepEqual(
          await ownRightsOf(cluster, ["default", "responder"], pods.namespace),
          [...new Set(rights)].sort(),
        );

        const all = await alarm(responder, "Do it", pod);
        assert.deepEqual([all.status, all.outcome], [200, "done"], all.said);
        assert.match(all.said, said);
        assert.match(all.fields["response.output"] ?? "", output);

        const told = await deliver(responder, "Do it", { ...nameOf(pod), "container.id": containerOf(pod, "second") });
        assert.equal(told.outcome, "done", told.said);
        if (name === "log") assert.equal(told.fields["response.output"], TAIL);
        if (name !== "evidence") assert.match(told.said, /second/);

        await cluster.api.demand("DELETE", pathOf(pod));
        await pods.untilGone(pod);
        const gone = await alarm(responder, "Do it", pod);
        assert.deepEqual([gone.status, gone.outcome, gone.fields["response.output"]], [200, "gone", undefined]);
      } finally {
        await responder.stop();
      }
    });
  }
});
