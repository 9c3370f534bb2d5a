import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateProgram, type Program } from "../../../lab/program/evaluate.ts";
import { readEnvironment } from "../../../responder/environment.ts";
import type { PolicyRule } from "../../../responder/rules/role.ts";
import { DEAD_LETTER, LISTENING, RESPONDER, type Setting } from "../../../responder/settings.ts";

type Environment = Readonly<Record<string, string>>;

interface ServiceInputs {
  spec: { template: { spec: { containers: [{ env: { name: string; value: string }[] }] } } };
}

function environmentOf(service: string, { resources }: Program): Environment {
  const found = resources.find(({ name }) => name === service);
  assert.ok(found, service);
  const { spec } = found.inputs as unknown as ServiceInputs;
  return Object.fromEntries(spec.template.spec.containers[0].env.map(({ name, value }) => [name, value]));
}

/** A value that the setting allows and that isn't its default. */
function another({ default: otherwise, format }: Setting): unknown {
  if (typeof otherwise === "boolean") return !otherwise;
  if (typeof otherwise === "number") return otherwise + 1;
  if (format.type === "object") return { workload: "3/60", namespace: "0", node: "9/600", total: "9/60" };
  const value = format.type === "array" ? ["another"] : "another";
  assert.doesNotThrow(() => format.read(value), "say here which other value such a setting takes");
  return value;
}

describe("the services' environment", () => {
  const settings: Record<string, Setting> = RESPONDER;
  const keyed = Object.entries(settings).filter(([, { key }]) => key !== undefined);
  const install = { "knative:install": false };

  it("tells the responder its defaults where the stack's configuration says nothing", async () => {
    const responder = environmentOf("responder-service", await evaluateProgram({ stack: "dev", config: install }));
    const values: Record<string, unknown> = readEnvironment(RESPONDER, responder);
    for (const [name, { variable, default: otherwise }] of keyed) {
      assert.ok(variable in responder, variable);
      assert.deepEqual(values[name], otherwise, name);
    }
    assert.equal(values["rulesFolder"], RESPONDER.rulesFolder.default);
  });

  it("tells the responder all that the stack's configuration says, as it stands there", async () => {
    const wanted = keyed.map(([name, setting]) => [name, setting.key ?? "", another(setting)] as const);
    const config = { ...install, ...Object.fromEntries(wanted.map(([, key, value]) => [key, value])) };
    const responder = environmentOf("responder-service", await evaluateProgram({ stack: "dev", config }));
    const values: Record<string, unknown> = readEnvironment(RESPONDER, responder);
    for (const [name, , value] of wanted) assert.deepEqual(values[name], value, name);
  });

  it("has the role list pods only where the pods of nameless containers are to be found", async () => {
    const folder = await mkdtemp(join(tmpdir(), "response-engine-quiet-rule-"));
    const quiet = join(folder, "rules.yaml");
    // one that disrupts nothing: those that do follow what is exempt, pods too
    await writeFile(
      quiet,
      "- rule: Mark\n  actions: [{action: M, actionner: kubernetes:label, parameters: {labels: {a: b}}}]\n",
    );
    const listsPods = async (more: object) => {
      const config = { ...install, responderRules: [quiet], ...more };
      const { resources } = await evaluateProgram({ stack: "dev", config });
      const role = resources.find(({ name }) => name === "responder-role")?.inputs["rules"] as PolicyRule[];
      return role.some((rule) => rule.resources.includes("pods") && rule.verbs.includes("list"));
    };
    assert.equal(await listsPods({}), false);
    assert.equal(await listsPods({ responderFindByContainer: true }), true);
    assert.equal(await listsPods({ responderFindByContainer: true, responderDryRun: true }), false);
    await rm(folder, { recursive: true });
  });

  it("tells the dead letter service nothing but where falcosidekick and its metrics are", async () => {
    const deadLetters = environmentOf("dead-letters-service", await evaluateProgram({ stack: "dev", config: install }));
    const { falcosidekick, port } = readEnvironment(DEAD_LETTER, deadLetters);
    assert.match(falcosidekick, /^http:\/\/falco-falcosidekick\.falco\./);
    assert.equal(port, 8080, "Knative sets it, and refuses a Service that does");
    assert.deepEqual(
      Object.keys(deadLetters).sort(),
      [DEAD_LETTER.falcosidekick.variable, LISTENING.metricsPort.variable].sort(),
    );
  });
});
