import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../../stack/knative/checksums.ts";
import {
  edited,
  leaveWebhooksAlone,
  loadKnative,
  parseManifest,
  stagesOf,
  type KubernetesObject,
} from "../../../stack/knative/manifests.ts";

const FILES = ["serving-core", "kourier", "eventing-core", "in-memory-channel", "mt-channel-broker"];

function object(kind: string, fields: Record<string, unknown> = {}): KubernetesObject {
  return { apiVersion: "v1", kind, metadata: { name: "x" }, ...fields };
}

describe("Knative's manifests", () => {
  const version = "1.23.0";
  let folder: string;
  let server: Server;
  let base: string;
  const asked: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "manifests-"));
    for (const file of FILES) await writeFile(join(folder, `${file}.yaml`), JSON.stringify(object("ConfigMap")));
    server = createServer(({ url = "" }, response) => {
      asked.push(url);
      if (url.startsWith("/broken/")) response.writeHead(503).end();
      else
        response.end(url.startsWith("/html/") ? "<html>\n<p>Sign in: please</p>" : JSON.stringify(object("ConfigMap")));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(async () => {
    await rm(folder, { recursive: true });
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  it("are read from a folder, in the order they are to be applied", async () => {
    const { serving, eventing } = await loadKnative({ version, manifests: folder });
    assert.deepEqual(
      serving.map(({ name }) => name),
      FILES.slice(0, 2),
    );
    assert.deepEqual(
      eventing.map(({ name }) => name),
      FILES.slice(2),
    );
  });

  it("are fetched from a mirror's base URL, with or without a slash at its end", async () => {
    for (const manifests of [`${base}/knative`, `${base}/knative/`]) {
      asked.length = 0;
      await loadKnative({ version, manifests });
      assert.deepEqual(asked.sort(), FILES.map((file) => `/knative/${file}.yaml`).sort());
    }
  });

  it("are the releases' own where nothing else is said", async () => {
    const { fetch } = globalThis;
    const urls: string[] = [];
    globalThis.fetch = (input) => {
      urls.push(new Request(input).url);
      return Promise.resolve(new Response(JSON.stringify(object("ConfigMap"))));
    };
    try {
      const sum = sha256(Buffer.from(JSON.stringify(object("ConfigMap"))));
      await loadKnative(
        { version, manifests: "" },
        { [version]: Object.fromEntries(FILES.map((file) => [file, sum])) },
      );
    } finally {
      globalThis.fetch = fetch;
    }
    const core = (repository: string, file: string): string =>
      `https://github.com/${repository}/releases/download/knative-v1.23.0/${file}.yaml`;
    assert.deepEqual(urls.sort(), [
      core("knative-extensions/net-kourier", "kourier"),
      core("knative/eventing", "eventing-core"),
      core("knative/eventing", "in-memory-channel"),
      core("knative/eventing", "mt-channel-broker"),
      core("knative/serving", "serving-core"),
    ]);
  });

  /** What the loader says, as Pulumi prints it. */
  async function complaint(manifests: string): Promise<string> {
    try {
      await loadKnative({ version, manifests });
    } catch (error) {
      assert.ok(pulumi.RunError.isInstance(error), "an error that Pulumi prints without a stack trace");
      return error.message;
    }
    return assert.fail("no error");
  }

  it("that are not in the folder are an error that names the file and the way out", async () => {
    const nowhere = join(folder, "nowhere");
    assert.match(
      await complaint(nowhere),
      /nowhere\/serving-core\.yaml can't be read: ENOENT.*\nSet knative:manifests/s,
    );
  });

  it("that the mirror doesn't give are an error with the URL and the status", async () => {
    assert.match(
      await complaint(`${base}/broken`),
      /http:\/\/127\.0\.0\.1:\d+\/broken\/[-a-z]+\.yaml can't be fetched: HTTP 503 Service Unavailable/,
    );
  });

  it("of a mirror that can't be reached are an error with the URL and the reason", async () => {
    const closed = createServer();
    await new Promise<void>((listening) => closed.listen(0, "127.0.0.1", listening));
    const { port } = closed.address() as AddressInfo;
    await new Promise((done) => closed.close(done));
    assert.match(
      await complaint(`http://127.0.0.1:${port}`),
      new RegExp(`http://127\\.0\\.0\\.1:${port}/[-a-z]+\\.yaml can't be fetched: .*ECONNREFUSED`),
    );
  });

  it("that are a web page instead are an error", async () => {
    assert.match(await complaint(`${base}/html`), /\/html\/[-a-z]+\.yaml is (not YAML|no Kubernetes manifest)/);
  });
});

describe("a manifest", () => {
  it("holds any number of objects, and documents without content", () => {
    const objects = parseManifest(
      "a.yaml",
      "# licence\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\n---\n",
    );
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      ["ConfigMap", "Secret"],
    );
  });

  const REFUSED = {
    "that is not YAML": ["a: [", /a\.yaml is not YAML: /],
    "that is text": ["Not Found", /a\.yaml is no Kubernetes manifest: document 1 /],
    "that is a list": ["- a", /document 1 /],
    "with an object without a kind": [
      "apiVersion: v1\nmetadata: {name: a}",
      /document 1 .*apiVersion, kind or metadata\.name/,
    ],
    "with an object without a name": ["apiVersion: v1\nkind: ConfigMap\nmetadata: {}", /document 1 /],
    "whose second object has no metadata": [
      "apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\napiVersion: v1\nkind: B",
      /document 2 /,
    ],
    "that is empty": ["# nothing\n---\n", /a\.yaml is empty/],
    "without a byte": ["", /a\.yaml is empty/],
  } as const;
  for (const [what, [text, message]] of Object.entries(REFUSED)) {
    it(`${what} is refused, and named`, () => {
      assert.throws(() => parseManifest("a.yaml", text), { message });
    });
  }

  it("gets Kourier as its ingress class, beside the other settings", () => {
    const network = object("ConfigMap", { metadata: { name: "config-network" }, data: { _example: "…" } });
    assert.deepEqual(edited(network)["data"], {
      _example: "…",
      "ingress-class": "kourier.ingress.networking.knative.dev",
    });
  });

  it("gets no load balancer", () => {
    assert.deepEqual(edited(object("Service", { spec: { type: "LoadBalancer", ports: [] } }))["spec"], {
      type: "ClusterIP",
      ports: [],
    });
    const internal = object("Service", { spec: { ports: [] } });
    assert.equal(edited(internal), internal);
  });

  it("leaves the rules of an aggregated ClusterRole to the cluster, and no other's", () => {
    const plain = object("ClusterRole", { rules: [] });
    assert.equal(edited(plain), plain);
    assert.deepEqual(
      edited(object("ClusterRole", { aggregationRule: {}, rules: [] })),
      object("ClusterRole", { aggregationRule: {} }),
    );
  });

  it("waits for the CA of its webhooks, and keeps their annotations", () => {
    for (const kind of ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]) {
      assert.deepEqual(
        edited(object(kind, { metadata: { name: "x", annotations: { a: "b" } } })).metadata.annotations,
        {
          a: "b",
          "pulumi.com/waitFor": "jsonpath={.webhooks[0].clientConfig.caBundle}",
        },
      );
    }
  });

  it("is applied in stages, of which none is empty", () => {
    const stagesFor = (...kinds: string[]): [string, string[]][] =>
      stagesOf({ name: "x", objects: kinds.map((kind) => object(kind)) }).map(({ name, objects }) => [
        name,
        objects.map(({ kind }) => kind),
      ]);
    assert.deepEqual(
      stagesFor("MutatingWebhookConfiguration", "Deployment", "ConfigMap", "Certificate", "Namespace", "Service"),
      [
        ["definitions", ["ConfigMap", "Namespace"]],
        ["workloads", ["Deployment", "Certificate", "Service"]],
        ["webhooks", ["MutatingWebhookConfiguration"]],
      ],
    );
    assert.deepEqual(stagesFor("Deployment"), [["workloads", ["Deployment"]]]);
  });

  it("leaves the webhooks of its webhook configurations to Knative, and changes no other object's options", () => {
    const transform = (type: string): unknown =>
      leaveWebhooksAlone({ custom: true, type, name: "x", props: { a: 1 }, opts: { ignoreChanges: ["b"] } });
    for (const kind of ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]) {
      assert.deepEqual(transform(`kubernetes:admissionregistration.k8s.io/v1:${kind}`), {
        props: { a: 1 },
        opts: { ignoreChanges: ["b", "webhooks"] },
      });
    }
    assert.equal(transform("kubernetes:core/v1:ConfigMap"), undefined);
  });
});
