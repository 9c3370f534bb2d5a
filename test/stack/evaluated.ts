import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { evaluateProgram, type Program, type ProgramResource } from "../../lab/program/evaluate.ts";
import { loadRules } from "../../responder/rules/load.ts";
import type { Rule } from "../../responder/rules/rule.ts";

/** The digest of every image that is built under Pulumi's mocks. */
export const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
export const SIDEKICK = "http://falco-falcosidekick.falco.svc.cluster.local:2801/";
/** Knative Services of the stack. */
export const SERVICES = ["responder-service", "dead-letters-service"];
/** The rules that both stacks have. */
export const RULES_TEXT = readFileSync(new URL("../../rules.yaml", import.meta.url), "utf8");
export const RULES: readonly Rule[] = loadRules([{ name: "rules.yaml", text: RULES_TEXT }]);

/** What the stacks of the repository say for themselves. */
export const STACKS = {
  dev: {
    namespace: "default",
    brokerClass: "MTChannelBasedBroker",
    repository: "localhost:5000/responder",
    scale: { min: "0", max: "10" },
    resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
    retry: 10,
  },
  prod: {
    namespace: "response-engine",
    brokerClass: "Kafka",
    repository: "registry.example.com/security/responder",
    scale: { min: "2", max: "50" },
    resources: { requests: { cpu: "200m", memory: "192Mi" }, limits: { cpu: "2", memory: "512Mi" } },
    retry: 12,
  },
};

type StackName = keyof typeof STACKS;

const programs = new Map<StackName, Promise<Program>>();

/** What the program comes to for a stack of the repository, on a Knative that is there; evaluated once. */
export function programOf(stack: StackName): Promise<Program> {
  const known = programs.get(stack) ?? evaluateProgram({ stack, config: { "knative:install": false } });
  programs.set(stack, known);
  return known;
}

/**
 * A block of tests for each stack of the repository.
 * @param block is given the stack's name, and what the program comes to for it once the block's hooks have run
 */
export function describeStacks(title: string, block: (stack: StackName, program: () => Program) => void): void {
  for (const stack of Object.keys(STACKS) as StackName[]) {
    describe(`${title}, stack ${stack}`, () => {
      let program: Program | undefined;
      before(async () => {
        program = await programOf(stack);
      });
      block(stack, () => program ?? assert.fail("there is no program before the block's hooks have run"));
    });
  }
}

/** What it comes to for dev with further values of the configuration, on a Knative that is there. */
export function programWith(config: Record<string, unknown>): Promise<Program> {
  return evaluateProgram({ stack: "dev", config: { "knative:install": false, ...config } });
}

export function brokerUrlOf(stack: StackName): string {
  return `http://broker-ingress.knative-eventing.svc.cluster.local/${STACKS[stack].namespace}/default`;
}

/** The fields of the resources that are looked at here. */
interface Inputs {
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  data: Record<string, string>;
  rules: unknown;
  roleRef: unknown;
  subjects: unknown;
  spec: {
    config?: unknown;
    broker: string;
    filters: unknown;
    subscriber: unknown;
    delivery: Record<string, unknown>;
    template: { metadata: { annotations: Record<string, string> }; spec: PodSpec };
  };
  values: {
    driver: unknown;
    falco: { append_output: unknown; json_output: unknown };
    falcosidekick: {
      config: { extraEnv: unknown };
      podAnnotations: Record<string, string>;
      webui: unknown;
    };
    [key: string]: unknown;
  };
  [field: string]: unknown;
}

interface PodSpec {
  serviceAccountName: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: unknown;
  containerConcurrency: number;
  timeoutSeconds: number;
  containers: [Container];
  volumes?: unknown;
}

interface Container {
  image: string;
  args?: string[];
  ports: unknown;
  readinessProbe: unknown;
  livenessProbe: unknown;
  env: { name: string; value: string }[];
  resources: unknown;
  securityContext: unknown;
  volumeMounts?: unknown;
}

/** The resource of that name. */
export function find(program: Program, name: string): ProgramResource & { inputs: Inputs } {
  const found = program.resources.find((resource) => resource.name === name);
  assert.ok(found, `no resource ${name} among ${program.resources.map((resource) => resource.name).join(", ")}`);
  return found as ProgramResource & { inputs: Inputs };
}

/** The pod of a Knative Service. */
export function podOf(program: Program, service: string): PodSpec {
  return find(program, service).inputs.spec.template.spec;
}

/** Its environment. */
export function envOf(program: Program, service: string): Record<string, string> {
  return Object.fromEntries(podOf(program, service).containers[0].env.map(({ name, value }) => [name, value]));
}

/** A Knative Service, as a receiver of events. */
export function refTo(name: string, namespace: string): unknown {
  return { ref: { apiVersion: "serving.knative.dev/v1", kind: "Service", name, namespace } };
}
