import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Docker } from "./docker.ts";

const execute = promisify(execFile);

/** The images that the Dockerfile builds on, as its build arguments want them. */
export interface BaseImages {
  BUILD_IMAGE: string;
  BASE_IMAGE: string;
}

/**
 * The images that the Dockerfile names, where they can be pulled; else made here of Debian's packages, with
 * the same in them: the C and C++ libraries to run on, and with a shell, Node and npm to build with.
 */
export async function baseImages({ docker }: Docker, dockerfile: string): Promise<BaseImages> {
  const named = Object.fromEntries(
    [...dockerfile.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  ) as Partial<BaseImages>;
  const { BUILD_IMAGE, BASE_IMAGE } = named;
  if (!BUILD_IMAGE || !BASE_IMAGE) throw new Error("the Dockerfile has no ARG BUILD_IMAGE or BASE_IMAGE");
  const pulled = await Promise.all(
    [BUILD_IMAGE, BASE_IMAGE].map((image) =>
      docker(["pull", "--quiet", image], 180_000).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (pulled.every(Boolean)) return { BUILD_IMAGE, BASE_IMAGE };
  process.stderr.write("The Dockerfile's base images can't be pulled here, so they are made of Debian's packages.\n");
  return {
    BASE_IMAGE: await make(docker, "response-engine-base", RUNTIME, () => undefined),
    BUILD_IMAGE: await make(docker, "response-engine-build", [...RUNTIME, ...SHELL], addNode),
  };
}

const RUNTIME = ["libc6", "libgcc-s1", "libstdc++6", "ca-certificates"];
const SHELL = ["dash", "coreutils", "libacl1", "libattr1", "libgmp10", "libselinux1", "libpcre2-8-0"];

/** npm reaches its registry as this machine does, through whatever authority it trusts. */
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

async function make(
  docker: Docker["docker"],
  tag: string,
  packages: readonly string[],
  add: (root: string) => void,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "response-engine-base-"));
  try {
    const [debs, root] = [join(folder, "debs"), join(folder, "root")];
    mkdirSync(debs);
    mkdirSync(join(root, "tmp"), { recursive: true, mode: 0o777 });
    await execute("apt-get", ["download", "-q", ...packages], { cwd: debs });
    for (const deb of readdirSync(debs)) await execute("dpkg-deb", ["--extract", join(debs, deb), root]);
    mkdirSync(join(root, "etc/ssl/certs"), { recursive: true });
    cpSync(CERTIFICATES, join(root, CERTIFICATES), { dereference: true });
    add(root);
    const archive = join(folder, "root.tar");
    await execute("tar", ["--create", "--file", archive, "--directory", root, "."]);
    const variables = [`ENV PATH=/usr/local/bin:/usr/bin:/bin`, `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`];
    await docker(["import", ...variables.flatMap((line) => ["--change", line]), archive, tag]);
    return tag;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addNode(root: string): void {
  mkdirSync(join(root, "usr/local/bin"), { recursive: true });
  cpSync(process.execPath, join(root, "usr/local/bin/node"));
  cpSync(npmFolder(), join(root, "usr/local/lib/npm"), { recursive: true, dereference: true });
  symlinkSync("../lib/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
  // npm's scripts start with `env node`, and Debian's dash is the shell that RUN asks for
  if (!readdirSync(join(root, "bin")).includes("sh")) symlinkSync("dash", join(root, "bin/sh"));
}

/** The npm that runs this suite, or the first one on the PATH. */
function npmFolder(): string {
  const running = process.env["npm_execpath"];
  if (running) return dirname(dirname(realpathSync(running)));
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    try {
      return dirname(dirname(realpathSync(join(folder, "npm"))));
    } catch {
      continue;
    }
  }
  throw new Error("there is no npm on the PATH");
}
