import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ACTIONNERS } from "../../responder/actions/catalogue.ts";
import { CONTEXTS } from "../../responder/actions/contexts.ts";
import { variablesOf } from "../../responder/actions/variables.ts";
import { LIMITS } from "../../responder/limits.ts";
import { loadRules } from "../../responder/rules/load.ts";
import { permissionsOf } from "../../responder/rules/role.ts";
import { RESPONDER } from "../../responder/settings.ts";
import { registry } from "../../responder/telemetry/metrics.ts";
import { protectionOf } from "../../stack/responder/protection.ts";
import { alert, cluster, container, running } from "../responder/fixtures.ts";
import { configured } from "../stack/config/configured.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), "utf8");
/** On one line, as a sentence may be broken anywhere. */
const words = (path: string) => read(path).replace(/\s+/g, " ");

describe("what the docs promise", () => {
  after(() => {
    pulumi.runtime.setAllConfig({});
  });

  it("of the default rules' permissions is what these need, and nothing else", () => {
    const rules = loadRules([{ name: "rules.yaml", text: read("rules.yaml") }]);
    const role = permissionsOf(rules, {
      events: true,
      deduplicationSeconds: 60,
      exemptLabel: RESPONDER.exemptLabel.default,
    });
    assert.deepEqual(
      role.map(({ resources, verbs }) => `${verbs.join(" ")} ${resources.join()}`),
      [
        "create events",
        "get list watch namespaces",
        "delete get list watch pods",
        ...["daemonsets", "deployments", "replicasets", "statefulsets"].map((one) => `get list watch ${one}`),
        ...["cronjobs", "jobs"].map((one) => `get list watch ${one}`),
      ],
    );
    for (const [page, workloads] of [
      ["README.md", "their workloads"],
      ["docs/security.md", "ReplicaSets, Deployments, StatefulSets, DaemonSets, Jobs, CronJobs"],
    ] as const) {
      const followed = `\`get\`, \`list\` and \`watch\` on pods, ${workloads} and namespaces, to`;
      assert.ok(words(page).includes(`\`delete\` on pods; ${followed}`), page);
      assert.ok(words(page).includes("; and `create` on events"), page);
    }
  });

  it("of actionners is every one of the catalogue, in the README and to who comes from falco-talon", () => {
    const listed = [...read("README.md").matchAll(/^\| `(kubernetes:\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(
      listed,
      ACTIONNERS.map(({ name }) => name),
    );
    const [own = ""] = /[^.]*are this program's own\./.exec(words("docs/falco-talon.md").split("|").at(-1) ?? "") ?? [];
    const [talons = ""] = /^\| `kubernetes:terminate`.*\|/m.exec(read("docs/falco-talon.md")) ?? [];
    for (const { name } of ACTIONNERS) {
      const isTalons = talons.includes(`\`${name.slice("kubernetes:".length)}\``) || talons.includes(`\`${name}\``);
      assert.notEqual(isTalons, own.includes(`\`${name}\``), name);
    }
  });

  it("of which actionners are followed by the next action is what these say", () => {
    const [, ending = ""] = /by default after every actionner but ([^.]*)\./.exec(words("docs/rules.md")) ?? [];
    const named = [...ending.matchAll(/`(kubernetes:\w+)`/g)].map(([, name]) => name);
    assert.deepEqual(
      named,
      ACTIONNERS.filter((one) => !one.continue).map(({ name }) => name),
    );
  });

  it("of which can't be repeated without harm is what these say", () => {
    const [, list = ""] = /Those that can't \(([^)]*)\)/.exec(words("docs/rules.md")) ?? [];
    const named = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => `kubernetes:${name ?? ""}`);
    assert.deepEqual(
      named.toSorted(),
      ACTIONNERS.filter((one) => !one.repeatable)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it("of what gives an output is what the actionners say", () => {
    const [, list = ""] = /The output of ([^.]*?) is in the response up to/.exec(words("docs/rules.md")) ?? [];
    const named = [...list.matchAll(/`(?:kubernetes:)?(\w+)`/g)].map(([, name]) => `kubernetes:${name ?? ""}`);
    assert.deepEqual(
      named.toSorted(),
      ACTIONNERS.filter((one) => one.givesOutput)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it("of the variables that a context adds is what it gives", async () => {
    const node = {
      metadata: {
        labels: {
          "kubernetes.io/hostname": "a",
          "node.kubernetes.io/instance-type": "b",
          "kubernetes.io/role": "c",
          "topology.kubernetes.io/region": "d",
          "topology.kubernetes.io/zone": "e",
        },
      },
      spec: { providerID: "f" },
    };
    const about = alert();
    const [context] = CONTEXTS;
    assert.ok(context && about.named.pod);
    const pod = () => running(container("app", { containerID: "containerd://3ad7b26ded6d" }));
    const values = await context.read(cluster({ pod, node: () => node }), about.named.pod);
    const given = [...variablesOf(about, values).keys()].filter((name) => name.startsWith("NODE_"));
    const told = [...read("docs/rules.md").matchAll(/`\$\{(NODE_\w+)\}`/g)].map(([, name]) => name);
    assert.deepEqual(told.toSorted(), given.toSorted());
  });

  it("of sizes is what the limits are", () => {
    assert.equal(LIMITS.body, 1024 * 1024);
    assert.match(words("docs/failures.md"), /larger than 1 MiB/);
    for (const page of ["docs/rules.md", "docs/failures.md", "CHANGELOG.md"])
      assert.match(words(page), new RegExp(`up to ${LIMITS.excerpt} characters`), page);
    assert.equal(LIMITS.output, 512 * 1024);
    assert.match(words("docs/rules.md"), /whole, up to half a megabyte/);
  });

  it("of what no rule ever acts on is what the stack protects", async () => {
    const { protectedNamespaces } = protectionOf(await configured({ falcoNamespace: "of-falco" }));
    const part = read("docs/security.md").split("## What no rule ever acts on")[1]?.split("\n## ")[0] ?? "";
    const [, first = ""] = /- the namespaces ([^;]*);/.exec(part) ?? [];
    const named = [...first.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name);
    assert.deepEqual([...named, "of-falco"], protectedNamespaces);
  });

  it("of metrics is what there is", async () => {
    const text = await registry.metrics();
    const given = [...text.matchAll(/^# HELP (response_engine_\w+)/gm)].map(([, name]) => name);
    const told = [...read("docs/operations.md").matchAll(/^\| `(response_engine_\w+)`/gm)].map(([, name]) => name);
    assert.deepEqual(told.toSorted(), given.toSorted());
  });

  it("of speed is what the bench has measured", () => {
    const [, measured = ""] = /^\| delivery to answer, warm, p50 \| ([\d.]+ ms) \|/m.exec(read("docs/bench.md")) ?? [];
    assert.ok(measured !== "" && words("README.md").includes(`Awake, ${measured} from delivery to answer`), measured);
  });

  it("of the image's ports and the pods' is one and the same", () => {
    const [, exposed = ""] = /^EXPOSE (.+)$/m.exec(read("responder/Dockerfile")) ?? [];
    assert.match(words("docs/operations.md"), new RegExp(`on port ${exposed.split(" ")[1] ?? "none"} at \`/metrics\``));
  });
});
