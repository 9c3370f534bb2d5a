import type * as pulumi from "@pulumi/pulumi";
import { mergeOptions } from "@pulumi/pulumi";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KnativeConfig } from "../config/config.ts";
import { StackError } from "../stack-error.ts";
import { CHECKSUMS, sha256, type Checksums } from "./checksums.ts";

/** An object of a manifest. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/** A release's manifest file, parsed and edited. */
export interface Manifest {
  /** Of the file, without its extension. */
  name: string;
  objects: KubernetesObject[];
}

/** The files of a Knative installation; those of one list are to be applied in order. */
export interface KnativeManifests {
  serving: Manifest[];
  eventing: Manifest[];
}

// The *-crds.yaml files of the same releases are left out: the core files hold those definitions too.
const RELEASES: Record<keyof KnativeManifests, [repository: string, name: string][]> = {
  serving: [
    ["knative/serving", "serving-core"],
    ["knative-extensions/net-kourier", "kourier"],
  ],
  eventing: [
    ["knative/eventing", "eventing-core"],
    ["knative/eventing", "in-memory-channel"],
    ["knative/eventing", "mt-channel-broker"],
  ],
};

/**
 * Fetches or reads the release manifests of Knative Serving with Kourier and of Eventing with the in-memory
 * channel and the MT channel broker, edited so that Pulumi can install them. What comes from GitHub is held against
 * its checksum; a mirror or folder that the configuration names is taken as it is, since images may be other ones there.
 * @see https://knative.dev/docs/install/yaml-install/
 * @throws {StackError} naming the file that can't be had, isn't the one released or holds anything but Kubernetes objects.
 */
export async function loadKnative(
  { version, manifests }: Pick<KnativeConfig, "version" | "manifests">,
  checksums: Checksums = CHECKSUMS,
): Promise<KnativeManifests> {
  const sums = manifests === "" ? sumsOf(version, checksums) : undefined;
  const load = (releases: (typeof RELEASES)["serving"]): Promise<Manifest[]> =>
    firstFailure(
      releases.map(async ([repository, name]) => {
        const base = manifests || `https://github.com/${repository}/releases/download/knative-v${version}`;
        const { place, content } = await read(base, `${name}.yaml`);
        if (sums) check(place, content, sums[name]);
        return { name, objects: parseManifest(place, new TextDecoder().decode(content)).map(edited) };
      }),
    );
  const [serving = [], eventing = []] = await firstFailure([load(RELEASES.serving), load(RELEASES.eventing)]);
  return { serving, eventing };
}

/** What all of them give; of several that fail, the first in order is told, whichever failed first. */
async function firstFailure<T>(loading: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(loading);
  return await Promise.all(loading);
}

function sumsOf(version: string, checksums: Checksums): Checksums[string] {
  const sums = checksums[version];
  if (sums) return sums;
  throw new StackError(
    `knative:version is ${version}, and the checksums of its files are known of ${Object.keys(checksums).join(" and ")} alone`,
    "Take one of these, or set knative:manifests to a folder or mirror that holds the files of the release that you want.",
  );
}

function check(place: string, content: Uint8Array, wanted: string | undefined): void {
  const found = sha256(content);
  if (found === wanted) return;
  throw new StackError(
    `Knative's manifest ${place} is not the one that was released: its SHA-256 is ${found}, and has to be ${String(wanted)}`,
    "Something between GitHub and here has changed it, or the release was. Look at it; if it is what you want, set knative:manifests to a folder that holds it.",
  );
}

const REMEDY =
  "Set knative:manifests to a base URL or a folder that holds Knative's release manifests (empty: GitHub's releases), " +
  "knative:version to a released version, or knative:install to false to use the Knative that is there.";

async function read(base: string, file: string): Promise<{ place: string; content: Uint8Array }> {
  if (/^https?:\/\//.test(base)) {
    const place = `${base.replace(/\/+$/, "")}/${file}`;
    return { place, content: await download(place) };
  }
  const place = join(base, file);
  try {
    return { place, content: await readFile(resolve(import.meta.dirname, "../..", place)) };
  } catch (error) {
    throw new StackError(`Knative's manifest ${place} can't be read: ${reasonOf(error)}`, REMEDY);
  }
}

async function download(url: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new StackError(`Knative's manifest ${url} can't be fetched: ${reasonOf(error)}`, REMEDY);
  }
  throw new StackError(
    `Knative's manifest ${url} can't be fetched: HTTP ${response.status} ${response.statusText}`.trim(),
    REMEDY,
  );
}

/** fetch hides why it failed in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/**
 * Parses a file of YAML documents into Kubernetes objects; documents without content are skipped.
 * @param place where the text is from, for messages
 * @throws {StackError} for anything else
 */
export function parseManifest(place: string, text: string): KubernetesObject[] {
  const documents = parseAllDocuments(text);
  const objects: KubernetesObject[] = [];
  for (const [index, document] of (Array.isArray(documents) ? documents : []).entries()) {
    const [syntax] = document.errors;
    if (syntax) throw new StackError(`Knative's manifest ${place} is not YAML: ${syntax.message.trim()}`, REMEDY);
    const value: unknown = document.toJS();
    if (value === null) continue;
    if (!isKubernetesObject(value)) {
      throw new StackError(
        `Knative's manifest ${place} is no Kubernetes manifest: document ${index + 1} has no apiVersion, kind or metadata.name`,
        REMEDY,
      );
    }
    objects.push(value);
  }
  if (objects.length === 0) throw new StackError(`Knative's manifest ${place} is empty`, REMEDY);
  return objects;
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  if (typeof value !== "object" || value === null) return false;
  const { apiVersion, kind, metadata } = value as Partial<Record<string, unknown>>;
  const isText = (field: unknown): boolean => typeof field === "string" && field !== "";
  return (
    isText(apiVersion) &&
    isText(kind) &&
    typeof metadata === "object" &&
    isText((metadata as { name?: unknown } | null)?.name)
  );
}

const WEBHOOKS = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

/** Makes of an object of a release what this stack installs. */
export function edited(object: KubernetesObject): KubernetesObject {
  const { kind, metadata } = object;
  if (kind === "ConfigMap" && metadata.name === "config-network") {
    const data = object["data"] as Record<string, string> | undefined;
    return { ...object, data: { ...data, "ingress-class": "kourier.ingress.networking.knative.dev" } };
  }
  // Nothing here is to be reached from outside, and where nothing assigns addresses a load balancer never gets ready.
  if (kind === "Service" && (object["spec"] as { type?: string } | undefined)?.type === "LoadBalancer") {
    return { ...object, spec: { ...(object["spec"] as object), type: "ClusterIP" } };
  }
  // The aggregation controller owns the rules of such a role: ours would be a conflict at the second `up`.
  if (kind === "ClusterRole" && "aggregationRule" in object) {
    return Object.fromEntries(Object.entries(object).filter(([field]) => field !== "rules")) as KubernetesObject;
  }
  // Knative's webhook fills in its CA; until then it refuses whatever it is asked about.
  if (WEBHOOKS.includes(kind)) {
    const annotations = {
      ...metadata.annotations,
      "pulumi.com/waitFor": "jsonpath={.webhooks[0].clientConfig.caBundle}",
    };
    return { ...object, metadata: { ...metadata, annotations } };
  }
  return object;
}

/** A part of a manifest that can be applied at once. */
export interface Stage {
  name: "definitions" | "workloads" | "webhooks";
  objects: KubernetesObject[];
}

const DEFINITIONS = [
  "Namespace",
  "CustomResourceDefinition",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
  "ServiceAccount",
  "ConfigMap",
  "Secret",
];

/**
 * Splits a manifest into stages, each to be applied when the one before is ready: a webhook's pod that starts
 * before its ConfigMaps are there crashes, and one that is registered before its pod runs refuses them.
 */
export function stagesOf({ objects }: Manifest): Stage[] {
  const stageOf = ({ kind }: KubernetesObject): Stage["name"] =>
    DEFINITIONS.includes(kind) ? "definitions" : WEBHOOKS.includes(kind) ? "webhooks" : "workloads";
  return (["definitions", "workloads", "webhooks"] as const)
    .map((name) => ({ name, objects: objects.filter((object) => stageOf(object) === name) }))
    .filter((stage) => stage.objects.length > 0);
}

/** Leaves to Knative what it fills in: the CA, rules and selectors of its webhook configurations. */
export const leaveWebhooksAlone: pulumi.ResourceTransform = ({ type, props, opts }) =>
  WEBHOOKS.some((kind) => type === `kubernetes:admissionregistration.k8s.io/v1:${kind}`)
    ? { props: props, opts: mergeOptions(opts, { ignoreChanges: ["webhooks"] }) }
    : undefined;
