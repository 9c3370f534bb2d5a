import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { assertOtherRules, assertUp, namespaceOf } from "./brought-up.ts";
import { Cluster } from "./cluster.ts";
import { Engine, ROOT, type Setting } from "./engine.ts";
import {
  KNATIVE,
  OTHER_RULES,
  ownsKnative,
  PASSWORD,
  rulesSetting,
  settingsOf,
  SMALL_KNATIVE,
  STACKS,
  UNKNOWN_ACTIONNER,
  UNKNOWN_ACTIONNER_USED,
  WEBHOOK,
} from "./fixtures.ts";
import { differences } from "./values.ts";

const manifests = KNATIVE === SMALL_KNATIVE ? "small manifests in Knative's place" : "Knative's release manifests";

const UNKNOWN_ACTIONNER_SAYS = [
  "The response rules can't be used:",
  'actionner: "kubernetes:explode" is not supported; it takes one of ',
  "kubernetes:terminate",
  "Correct the file, or change responderRules.",
];

for (const name of STACKS) {
  describe(`the stack ${name} under the real engine${ownsKnative(name) ? `, with ${manifests}` : ", on a Knative of the platform's"}`, function () {
    this.timeout(900_000);
    const namespace = namespaceOf(name);
    let cluster: Cluster;
    let engine: Engine;

    before(async () => {
      cluster = await Cluster.start({ knative: !ownsKnative(name) });
      engine = await Engine.start(name, cluster, settingsOf(KNATIVE));
    });

    after(async () => {
      await engine.stop();
      await cluster.stop();
    });

    it(`reads Pulumi.yaml and Pulumi.${name}.yaml as they are in the repository`, async () => {
      const project = parse(readFileSync(join(ROOT, "Pulumi.yaml"), "utf8")) as {
        config: Record<string, { default?: unknown; value?: unknown }>;
      };
      const file = parse(readFileSync(join(ROOT, `Pulumi.${name}.yaml`), "utf8")) as {
        config: Record<string, unknown>;
      };
      const { output } = await engine.print("config", "--json");
      const read = JSON.parse(output) as Record<string, { value?: string; objectValue?: unknown }>;
      const expected = new Map<string, unknown>(
        Object.entries(project.config).map(([key, declared]) => [
          key.includes(":") ? key : `response-engine:${key}`,
          declared.default ?? declared.value,
        ]),
      );
      for (const [key, value] of Object.entries(file.config)) expected.set(key, value);
      for (const { key } of settingsOf(KNATIVE)) expected.delete(key.includes(":") ? key : `response-engine:${key}`);
      expected.delete("response-engine:falcoValues");
      for (const [key, value] of expected) {
        const { value: text, objectValue } = read[key] ?? {};
        assert.deepEqual(
          objectValue ?? text,
          typeof value === "string" || typeof value === "object" ? value : JSON.stringify(value),
          key,
        );
      }
    });

    describe("stops at preview, creates nothing, and says once", () => {
      const cases: { what: string; settings: () => Setting[]; says: string[] }[] = [
        {
          what: "which key has a wrong value, and what it takes",
          settings: () => [{ key: "falcoDriver", value: "magic" }],
          says: [
            "The stack's configuration can't be used:",
            'falcoDriver: "magic" is not allowed; it takes one of modern_ebpf, kmod, auto',
            "Change a value with `pulumi config set KEY VALUE`",
          ],
        },
        {
          what: "which manifest is missing, and what to do",
          settings: () => {
            mkdirSync(join(engine.project, "empty"), { recursive: true });
            return [
              { key: "knative:install", value: "true" },
              { key: "knative:manifests", value: join(engine.project, "empty") },
            ];
          },
          says: [
            `${join("empty", "serving-core.yaml")} can't be read: ENOENT`,
            "Set knative:manifests to a base URL or a folder that holds Knative's release manifests",
          ],
        },
        {
          what: "which actionner of a rule there is not, and which there are",
          settings: () => [rulesSetting(join(engine.project, "rules"), "unknown.yaml", UNKNOWN_ACTIONNER)],
          says: UNKNOWN_ACTIONNER_SAYS,
        },
        {
          what: "which actionner of an action that a rule uses there is not, and which there are",
          settings: () => [rulesSetting(join(engine.project, "rules"), "used.yaml", UNKNOWN_ACTIONNER_USED)],
          says: UNKNOWN_ACTIONNER_SAYS,
        },
      ];
      for (const { what, settings, says } of cases) {
        it(what, async () => {
          const { code, output } = await engine.with(settings(), () => engine.print("preview"));
          assert.notEqual(code, 0, output);
          // above it is the progress, in which each line of a diagnostic flashes by
          const diagnostics = output.slice(output.indexOf("Diagnostics:"));
          assert.equal(diagnostics.split("error:").length - 1, 1, output);
          for (const text of says) assert.equal(diagnostics.split(text).length - 1, 1, `${text}\n\nin:\n\n${output}`);
          assert.deepEqual([...cluster.objects().keys()], []);
        });
      }
    });

    it("is up with the first `up`", async () => {
      assertUp(await engine.up(), cluster.objects().keys(), namespace);
    });

    it("has nothing to change with the second `up`", async () => {
      assert.deepEqual((await engine.up()).steps, []);
    });

    it("has nothing to change after a refresh", async () => {
      assert.deepEqual(Object.keys(await engine.refresh()), ["same"]);
    });

    it("keeps the registry's password and what is secret of Falco's values out of the backend's files, and gives them to the cluster", () => {
      const auth = Buffer.from(`robot:${PASSWORD}`).toString("base64");
      for (const file of filesIn(engine.state)) {
        const text = readFileSync(file, "utf8");
        for (const secret of [PASSWORD, WEBHOOK, auth, Buffer.from(PASSWORD).toString("base64")]) {
          assert.ok(!text.includes(secret), `${file} has ${secret} in the clear`);
        }
      }
      const secrets = ["responder-registry", "sh.helm.release.v1.falco.v1"].map((object) =>
        Object.values(cluster.object("Secret", object)["data"] as Record<string, string>),
      );
      const [pull = "", release = ""] = secrets.map(([value = ""]) => Buffer.from(value, "base64").toString());
      assert.ok(pull.includes(PASSWORD));
      assert.ok(release.includes(WEBHOOK));
    });

    it("keeps the key that the first `up` made, in two Secrets and nowhere in the clear", () => {
      const text = (secret: string, entry: string): string => {
        const data = cluster.object("Secret", secret)["data"] as Record<string, string>;
        return Buffer.from(data[entry] ?? "", "base64").toString();
      };
      const key = text("responder-alert-keys", "keys").trim();
      assert.match(key, /^[-\w]{43}$/);
      assert.equal(text("falcosidekick-alert-key", "extensions"), `alertkey:${key}`);
      for (const file of filesIn(engine.state)) assert.ok(!readFileSync(file, "utf8").includes(key), file);
      const holders = [...cluster.objects()].filter(([, object]) => JSON.stringify(object).includes(key));
      assert.deepEqual(holders, []);
    });

    it("touches with other rules the ConfigMap, the Revision, the role and the alert Trigger's filter, and nothing else", async () => {
      const before = cluster.objects();
      await engine.set([rulesSetting(join(engine.project, "rules"), "other.yaml", OTHER_RULES)]);
      assertOtherRules(await engine.up(), before, cluster.objects(), namespace);
    });

    it("replaces with another class the Broker, and nothing else", async () => {
      const before = cluster.objects();
      cluster.forget();
      await engine.set([{ key: "brokerClass", value: "NatsJetStreamBroker" }]);
      const { steps } = await engine.up();
      assert.deepEqual([...new Set(steps.map((step) => step.split(" ").at(-1)))], ["broker-broker"]);
      assert.deepEqual(
        [cluster.deleted, cluster.created],
        [[`Broker ${namespace}/default`], [`Broker ${namespace}/default`]],
      );
      const after = cluster.objects();
      assert.deepEqual([...after.keys()], [...before.keys()]);
      const changed = [...after]
        .filter(([label, object]) => differences(before.get(label), object).length > 0)
        .map(([label]) => label);
      assert.deepEqual(changed, [`Broker ${namespace}/default`]);
    });

    it("takes the keys that the stack names in place of the one that it made, and has nothing to change then", async () => {
      const before = cluster.objects();
      await engine.set([{ key: "alertKeys[0]", value: "key-of-a-user-0123456789", secret: true }]);
      await engine.up();
      const changed = [...cluster.objects()].filter(([label, one]) => differences(before.get(label), one).length > 0);
      assert.deepEqual(
        changed.map(([label]) => label).sort(),
        [
          "Secret falco/falcosidekick-alert-key",
          "Secret falco/sh.helm.release.v1.falco.v1",
          `KService ${namespace}/responder`,
          `Secret ${namespace}/responder-alert-keys`,
        ].sort(),
      );
      assert.deepEqual((await engine.up()).steps, []);
    });

    it("destroys Broker, Triggers and services while Knative's controllers and definitions are there, and leaves an empty API", async () => {
      cluster.forget();
      await engine.destroy();
      assert.deepEqual(cluster.stranded, []);
      const last = cluster.deleted.findLastIndex((label) => /^(Broker|Trigger|KService) /.test(label));
      const first = cluster.deleted.findIndex((label) =>
        /^(Deployment|CustomResourceDefinition|MutatingWebhookConfiguration|ValidatingWebhookConfiguration) /.test(
          label,
        ),
      );
      assert.ok(last >= 4, cluster.deleted.join("\n"));
      if (ownsKnative(name)) assert.ok(first > last, cluster.deleted.join("\n"));
      else assert.equal(first, -1);
      assert.deepEqual([...cluster.objects().keys()], []);
    });
  });
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => statSync(file).isFile());
}
