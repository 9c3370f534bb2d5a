import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The real parts that the integration suites run. */
export type ToolName = "pulumi" | "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kwok";

/** How one program is found on a machine, and built where it is not there. */
export interface Recipe {
  /** Folder of the go.mod and go.sum that pin it. */
  folder: string;
  /** Its main package's import path. */
  package: string;
  /** The version that go.mod pins, such as `v3.7.3`. */
  version: string;
  /** Go variables set at link time, without which the program would not know its own version. */
  variables: Record<string, string>;
  /** Minutes that a first build takes on two cores. */
  minutes: number;
  /** Arguments that make the program print its version. */
  versionArguments: string[];
  /** The versions that will do when the PATH has the program, and the same in words. */
  accepts: RegExp;
  accepted: string;
  /** Environment variables that name the program (`file`) or the folder it is in (`directory`). */
  environment: { variable: string; holds: "file" | "directory" }[];
}

/** Reads the version of a Go module off the go.mod that pins it, so that it is written once. */
function pinned(folder: string, path: string): string {
  const file = join(folder, "go.mod");
  const version = readFileSync(file, "utf8").split(`${path} v`)[1]?.split(/\s/)[0];
  if (version === undefined) throw new Error(`${file} does not require ${path}`);
  return `v${version}`;
}

function pulumi(): Recipe {
  const folder = join(import.meta.dirname, "pulumi");
  const version = pinned(folder, "github.com/pulumi/pulumi/pkg/v3");
  return {
    folder,
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version,
    variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": version },
    minutes: 4,
    versionArguments: ["version"],
    accepts: /^v3\./m,
    accepted: "3.x",
    environment: [{ variable: "PULUMI_BIN", holds: "file" }],
  };
}

/** https://book.kubebuilder.io/reference/envtest.html: the folder where Kubernetes' own test tools look for these. */
const assets = { variable: "KUBEBUILDER_ASSETS", holds: "directory" } as const;

function etcd(): Recipe {
  const folder = join(import.meta.dirname, "etcd");
  return {
    folder,
    package: "go.etcd.io/etcd/server/v3",
    version: pinned(folder, "go.etcd.io/etcd/server/v3"),
    variables: {},
    minutes: 1,
    versionArguments: ["--version"],
    accepts: /^etcd Version: 3\.[67]\./m,
    accepted: "3.6 or 3.7",
    environment: [{ variable: "TEST_ASSET_ETCD", holds: "file" }, assets],
  };
}

function kubernetes(name: string, minutes: number): Recipe {
  const folder = join(import.meta.dirname, "kubernetes");
  const version = pinned(folder, "k8s.io/kubernetes");
  const [major = "", minor = ""] = version.slice(1).split(".");
  return {
    folder,
    package: `k8s.io/kubernetes/cmd/${name}`,
    version,
    // clients, and Knative's controllers, refuse an API server that doesn't tell its version
    variables: {
      "k8s.io/component-base/version.gitVersion": version,
      "k8s.io/component-base/version.gitMajor": major,
      "k8s.io/component-base/version.gitMinor": minor,
    },
    minutes,
    versionArguments: ["--version"],
    accepts: new RegExp(`^Kubernetes v${major}\\.${minor}\\.`, "m"),
    accepted: `${major}.${minor}`,
    environment: [
      ...(name === "kube-apiserver" ? [{ variable: "TEST_ASSET_KUBE_APISERVER", holds: "file" } as const] : []),
      assets,
    ],
  };
}

function kwok(): Recipe {
  const folder = join(import.meta.dirname, "kwok");
  const version = pinned(folder, "sigs.k8s.io/kwok");
  return {
    folder,
    package: "sigs.k8s.io/kwok/cmd/kwok",
    version,
    variables: { "sigs.k8s.io/kwok/pkg/consts.Version": version },
    minutes: 2,
    versionArguments: ["--version"],
    accepts: /\bv?0\.8\./,
    accepted: "0.8",
    environment: [assets],
  };
}

/** One recipe per program, in the order in which they are best built: the slow ones share what they compile. */
export const recipes: Readonly<Record<ToolName, Recipe>> = {
  pulumi: pulumi(),
  etcd: etcd(),
  "kube-apiserver": kubernetes("kube-apiserver", 6),
  "kube-controller-manager": kubernetes("kube-controller-manager", 3),
  "kube-scheduler": kubernetes("kube-scheduler", 1),
  kwok: kwok(),
};

export const toolNames = Object.keys(recipes) as ToolName[];

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(recipes, name);
}
