// Runs before `npm start` and `npm test`, on any Node: installs what package-lock.json pins, where it isn't there yet.
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const lockfile = `${root}package-lock.json`;
const installed = `${root}node_modules/.installed-lock.json`;

if (read(installed) !== read(lockfile)) {
  console.log("Installing the pinned packages (once, about a minute) …");
  const { status, error } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error(`npm ci failed${error ? `: ${error.message}` : ""}. Mend what it says above, then run the command again.`);
    process.exit(1);
  }
  copyFileSync(lockfile, installed);
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
