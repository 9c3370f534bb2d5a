import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Bundles the responder, or another program, and all it needs into one file that Node runs by itself; gives its path. */
export async function build(
  outfile = `${root}dist/responder.mjs`,
  entry = `${root}responder/main.ts`,
): Promise<string> {
  await bundle({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    legalComments: "none",
    // what is CommonJS in it asks for Node's own modules by require
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  return outfile;
}

if (import.meta.main) process.stdout.write(`${await build()}\n`);
