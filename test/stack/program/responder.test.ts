import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { permissionsOf } from "../../../responder/rules/role.ts";
import {
  brokerUrlOf,
  describeStacks,
  envOf,
  find,
  podOf,
  programWith,
  RULES,
  RULES_TEXT,
  STACKS,
} from "../evaluated.ts";

describeStacks("the responder", (stack, program) => {
  const { namespace } = STACKS[stack];

  it("gives the rules to the responder in a ConfigMap named after them", () => {
    const { inputs } = find(program(), "responder-rules");
    assert.deepEqual(inputs.data, { "00-rules.yaml": RULES_TEXT });
    assert.match(inputs.metadata.name, /^responder-rules-[0-9a-f]{10}$/);
    const pod = podOf(program(), "responder-service");
    assert.deepEqual(pod.volumes, [
      { name: "files", configMap: { name: inputs.metadata.name } },
      { name: "secrets", secret: { secretName: "responder-alert-keys" } },
    ]);
    assert.deepEqual(pod.containers[0].volumeMounts, [
      { name: "files", mountPath: "/etc/response-rules", readOnly: true },
      { name: "secrets", mountPath: "/etc/alert-keys", readOnly: true },
    ]);
    assert.equal(envOf(program(), "responder-service")["RULES_DIR"], "/etc/response-rules");
  });

  it("gives the responder's ServiceAccount what the rules' actions need and nothing else", () => {
    const account = find(program(), "responder-account").inputs.metadata;
    const role = find(program(), "responder-role");
    assert.deepEqual(role.inputs.rules, permissionsOf(RULES, { events: true, deduplicationSeconds: 60 }));
    const binding = find(program(), "responder-binding").inputs;
    assert.deepEqual(binding.roleRef, {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: role.inputs.metadata.name,
    });
    assert.deepEqual(binding.subjects, [{ kind: "ServiceAccount", name: account.name, namespace }]);
    assert.equal(podOf(program(), "responder-service").serviceAccountName, account.name);
  });

  it("starts the responder when its permissions and its rules are there", () => {
    const { dependsOn } = find(program(), "responder-service");
    for (const needed of ["responder-binding", "responder-rules"]) assert.ok(dependsOn.includes(needed), needed);
  });

  it("tells the responder to tell Kubernetes Events, for how long an alert has a rule to itself, and where outputs go", () => {
    const env = envOf(program(), "responder-service");
    assert.equal(env["EVENTS"], "true");
    assert.equal(env["DEDUPLICATION_SECONDS"], "60");
    assert.equal(env["K_SINK"], brokerUrlOf(stack));
  });

  it("protects what the stack and the cluster need, by its names here", () => {
    const env = envOf(program(), "responder-service");
    const always = "kube-system,kube-public,kube-node-lease,knative-serving,knative-eventing,kourier-system,falco";
    const { namespace } = STACKS[stack];
    assert.equal(env["PROTECTED_NAMESPACES"], namespace === "default" ? always : `${always},${namespace}`);
    assert.equal(env["OWN_SERVICES"], `${namespace}/responder,${namespace}/responder-dead-letter`);
  });
});

describe("the responder with values of the stack's own", () => {
  it("runs every rule dry, without any permission, where the stack does", async () => {
    const program = await programWith({ responderDryRun: true });
    assert.equal(envOf(program, "responder-service")["DRY_RUN"], "true");
    assert.deepEqual(find(program, "responder-role").inputs["rules"], []);
    assert.match(String((program.outputs["rules"] as string[])[0]), /\(dry run\)$/);
  });

  describe("with a rule that runs a script", () => {
    let folder: string;
    let responderRules: string[];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "responder-"));
      responderRules = [join(folder, "look.yaml")];
      const actions = [{ action: "Look", actionner: "kubernetes:script", parameters: { script: "ps" } }];
      await writeFile(join(folder, "look.yaml"), JSON.stringify([{ rule: "Look around", actions }]));
    });

    after(() => rm(folder, { recursive: true }));

    const RIGHTS: [events: boolean, deduplicationSeconds: number, verbs: string[] | undefined][] = [
      [true, 60, ["create", "get", "patch"]],
      [false, 60, ["create", "get", "patch"]],
      [true, 0, ["create"]],
      [false, 0, undefined],
    ];
    for (const [events, deduplicationSeconds, verbs] of RIGHTS) {
      it(`lets it ${verbs?.join(", ") ?? "do nothing with"} events with responderEvents ${events} and responderDeduplicationSeconds ${deduplicationSeconds}`, async () => {
        const program = await programWith({
          responderRules,
          responderEvents: events,
          responderDeduplicationSeconds: deduplicationSeconds,
        });
        const env = envOf(program, "responder-service");
        assert.equal(env["EVENTS"], String(events));
        assert.equal(env["DEDUPLICATION_SECONDS"], String(deduplicationSeconds));
        const role = find(program, "responder-role").inputs.rules as { resources: string[]; verbs: string[] }[];
        assert.deepEqual(role.find(({ resources }) => resources.includes("events"))?.verbs, verbs);
        assert.deepEqual(role.find(({ resources }) => resources.includes("pods/exec"))?.verbs, ["create", "get"]);
      });
    }
  });
});
