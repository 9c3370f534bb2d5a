import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exampleFile } from "../../responder/rules/example.ts";
import { evaluateProgram } from "../../lab/program/evaluate.ts";
import { ACTIONNERS } from "../../responder/actions/catalogue.ts";
import { permissionsOf } from "../../responder/rules/role.ts";
import { loadRules } from "../../responder/rules/load.ts";
import { Applier } from "../support/apply.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { accountsOf } from "../support/objects.ts";
import { ownRightsOf, phrases } from "../support/rights.ts";
import { controlPlane } from "./shared.ts";

/** Where the program for dev has its ServiceAccounts. */
const NAMESPACE = "default";
const DEFAULT_RULES = readFileSync(new URL("../../rules.yaml", import.meta.url), "utf8");

const EXAMPLES = ACTIONNERS.map((actionner) => exampleFile(actionner));

/** Files of rules, by what is special about them. */
const FILES: Record<string, string[]> = {
  "the default rules": [DEFAULT_RULES],
  "rules that count healthy replicas": [rule("kubernetes:terminate", { parameters: { min_healthy_replicas: 2 } })],
  "rules that only run dry": [rule("kubernetes:terminate", {}, { dry_run: "true" })],
  "rules some of which only run dry": [
    rule("kubernetes:terminate", { parameters: { min_healthy_replicas: "50%" } }, { dry_run: "true" }),
    rule("kubernetes:terminate"),
  ],
  "several files": [DEFAULT_RULES, ...EXAMPLES.map(({ text }) => text)],
  ...Object.fromEntries(EXAMPLES.map(({ name, text }) => [name, [text]])),
};

function rule(actionner: string, action: object = {}, more: object = {}): string {
  return JSON.stringify([
    {
      rule: `Do ${actionner}`,
      match: { rules: ["Anything"] },
      actions: [{ action: "Do it", actionner, ...action }],
      ...more,
    },
  ]);
}

describe("the responder's ServiceAccount may do what its rules need and nothing else", () => {
  let cluster: ControlPlane;
  let applier: Applier;
  let folder: string;

  before(async function () {
    cluster = await controlPlane(this);
    applier = new Applier(cluster.api);
    folder = mkdtempSync(join(tmpdir(), "response-engine-permissions-"));
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [title, texts] of Object.entries(FILES)) {
    it(`with ${title}`, async () => {
      const files = texts.map((text, index) => ({ name: join(folder, `${index}.yaml`), text }));
      for (const { name, text } of files) writeFileSync(name, text);
      const responderRules = files.map(({ name }) => name);
      const program = await evaluateProgram({ stack: "dev", config: { "knative:install": false, responderRules } });
      await applier.demand(accountsOf(program));

      const needed = permissionsOf(loadRules(files), {
        events: true,
        deduplicationSeconds: 60,
        exemptLabel: "response-engine.io/exempt",
      })
        .flatMap(phrases)
        .sort();
      const followed = ["get", "list", "watch"].map((verb) => `${verb} configmaps named responder-switch`);
      for (const [namespace, wanted] of [
        [NAMESPACE, [...needed, ...followed].sort()],
        ["kube-system", needed],
      ] as const) {
        assert.deepEqual(
          await settled(() => ownRightsOf(cluster, [NAMESPACE, "responder"], namespace), wanted),
          wanted,
          namespace,
        );
      }
    });
  }

  it("and that of the dead letter service nothing at all", async () => {
    assert.deepEqual(await ownRightsOf(cluster, [NAMESPACE, "responder-dead-letter"], NAMESPACE), []);
  });
});

/** What `look` finds once the API has taken up a role's change; its last word where that is something else than wanted. */
async function settled(look: () => Promise<string[]>, wanted: readonly string[]): Promise<string[]> {
  let found: string[] = [];
  await eventually("the API has taken up the role", async () => (found = await look()).join() === wanted.join()).catch(
    () => undefined,
  );
  return found;
}
