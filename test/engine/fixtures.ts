import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { KNATIVE_MANIFESTS } from "../support/knative-manifests.ts";
import type { Setting } from "./engine.ts";

/** The small manifests of this suite. */
export const SMALL_KNATIVE = resolve(import.meta.dirname, "knative");

/** Knative's release manifests where they are on the machine, else the small ones. */
export const KNATIVE = KNATIVE_MANIFESTS ?? SMALL_KNATIVE;

/** The stacks of this repository. */
export const STACKS = ["dev", "prod"] as const;
export type StackName = (typeof STACKS)[number];

/** Of prod, Knative is someone else's. */
export function ownsKnative(stack: StackName): boolean {
  return stack === "dev";
}

/** Secrets that the tests look for. */
export const PASSWORD = "the-password-of-the-registry";
export const WEBHOOK = "https://hooks.example.com/the-secret-of-the-webhook";

/** What a stack is given beside its file: where Knative is, and secrets. */
export function settingsOf(knative: string): Setting[] {
  return [
    { key: "knative:manifests", value: knative },
    // the API here is told by its address, which the check knows nothing of
    { key: "knative:checkCluster", value: "false" },
    { key: "registryUsername", value: "robot" },
    { key: "registryPassword", value: PASSWORD, secret: true },
    { key: "falcoValues.falcosidekick.config.slack.webhookurl", value: WEBHOOK, secret: true },
  ];
}

/** Rules that need another role, ConfigMap and filter than the repository's own. */
export const OTHER_RULES = `
- action: Terminate the pod gently
  actionner: kubernetes:terminate
  parameters:
    min_healthy_replicas: 50%

- rule: Miner
  match:
    rules:
      - Drop and execute new binary in container
  actions:
    - action: Mark the pod
      actionner: kubernetes:label
      parameters:
        labels:
          suspicious: "true"
    - action: Terminate the pod gently
`;

export const UNKNOWN_ACTIONNER = `
- rule: Shell
  match:
    rules:
      - Terminal shell in container
  actions:
    - action: Explode the pod
      actionner: kubernetes:explode
`;

/** The same, of an action that has a name of its own, for a rule to use. */
export const UNKNOWN_ACTIONNER_USED = `
- action: Explode the pod
  actionner: kubernetes:explode

- rule: Shell
  match:
    rules:
      - Terminal shell in container
  actions:
    - action: Explode the pod
`;

/** Writes a file of rules, and returns the setting that has a stack use it instead of its own. */
export function rulesSetting(folder: string, name: string, text: string): Setting {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, text);
  return { key: "responderRules[0]", value: path };
}
