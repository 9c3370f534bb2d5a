import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { parse } from "yaml";
import { Falco } from "../../../stack/falco/falco.ts";
import { configured } from "../config/configured.ts";
import { mockEngine, settled } from "../responder/mocks.ts";

/** What the chart's own values-syscall-k8saudit.yaml adds. */
const K8S_AUDIT = `
falcoctl:
  config:
    artifact:
      install: {refs: [falco-rules:5, k8saudit-rules:0.16, k8saudit:0.16]}
      follow: {refs: [falco-rules:5, k8saudit-rules:0.16, k8saudit:0.16]}
falco:
  rules_files: [/etc/falco/falco_rules.yaml, /etc/falco/k8s_audit_rules.yaml, /etc/falco/rules.d]
  plugins:
    - {name: k8saudit, library_path: libk8saudit.so, init_config: "", open_params: "http://:9765/k8s-audit"}
    - {name: json, library_path: libjson.so, init_config: ""}
  load_plugins: [k8saudit, json]
services:
  - name: k8saudit-webhook
    type: ClusterIP
    ports: [{port: 9765, protocol: TCP}]
`;

interface Values {
  falco: { append_output: { match?: unknown; extra_fields?: string[] }[]; load_plugins?: string[] };
  falcosidekick: { webui: { image: { tag: string }; redis: { storageEnabled: boolean } } };
}

describe("Falco's values", () => {
  after(() => {
    pulumi.runtime.setAllConfig({});
  });

  async function releaseOf(changes: Record<string, unknown>): Promise<Falco["release"]> {
    const { falco } = await configured(changes);
    await mockEngine();
    return new Falco(
      "falco",
      { ...falco, alertKey: "key-of-a-test-0123456789", brokerUrl: "http://broker.example/" },
      {},
    ).release;
  }

  async function valuesOf(falcoValues: string): Promise<Values> {
    const { values } = await releaseOf({ falcoValues: JSON.stringify(parse(falcoValues)) });
    return (await settled(values)) as unknown as Values;
  }

  it("have the pod's UID added to system calls' alerts alone, as other sources' rules can't name it", async () => {
    const { append_output, load_plugins } = (await valuesOf(K8S_AUDIT)).falco;
    assert.deepEqual(load_plugins, ["k8saudit", "json"]);
    const adding = append_output.filter(({ extra_fields }) => extra_fields?.includes("k8s.pod.uid"));
    assert.deepEqual(
      adding.map(({ match }) => match),
      [{ source: "syscall" }],
    );
  });

  it("name a UI that lists alerts with tags, in place of the chart's 2.2.0, and another where the stack does", async () => {
    const tagOf = ({ falcosidekick }: Values): string => falcosidekick.webui.image.tag;
    assert.equal(tagOf(await valuesOf("{}")), "2.3.0");
    assert.equal(tagOf(await valuesOf('falcosidekick: {webui: {image: {tag: "2.4.0"}}}')), "2.4.0");
  });

  it("claim no disk for the UI, as there may be no default StorageClass, unless the stack says so", async () => {
    const storage = ({ falcosidekick }: Values): boolean => falcosidekick.webui.redis.storageEnabled;
    assert.equal(storage(await valuesOf("{}")), false);
    assert.equal(storage(await valuesOf("falcosidekick: {webui: {redis: {storageEnabled: true}}}")), true);
  });

  it("come from a repository whose password is a secret", async () => {
    const isSecret = async (changes: Record<string, unknown>) =>
      await pulumi.isSecret((await releaseOf(changes)).repositoryOpts);
    assert.equal(await isSecret({ falcoRepository: "https://robot:geheim@charts.example.com/falco" }), true);
    assert.equal(await isSecret({}), false);
  });
});
