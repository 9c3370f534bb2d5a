// Runs before `npm start` and `npm test`, on any Node: installs what package-lock.json pins, where it isn't there yet.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));

// npm writes the first of these when it has installed all of the second
if (written(`${root}node_modules/.package-lock.json`) < written(`${root}package-lock.json`)) {
  console.log("Installing the pinned packages (once, about a minute) …");
  const { status, error } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error(
      `npm ci failed${error ? `: ${error.message}` : ""}. Mend what it says above, then run the command again.`,
    );
    process.exit(1);
  }
}

/** When the file was written last; 0 for one that isn't there. */
function written(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
