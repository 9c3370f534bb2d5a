import { podActionner } from "../actionner.ts";
import { text } from "../parameters.ts";
import { runInContainer, SHELL_PARAMETERS, SHELL_PERMISSIONS, type ShellParameters } from "../pods/shell.ts";

interface Parameters extends ShellParameters {
  script: string;
  file: string;
}

/** The script travels in the request's address, which API servers and what is before them limit. */
const LONGEST = 32 * 1024;

export const script = podActionner<Parameters>({
  name: "kubernetes:script",
  description: "Runs a script in the container that raised the alert, and keeps what it prints",
  continue: true,
  repeatable: false,
  disrupts: 1,
  givesOutput: true,
  parameters: {
    script: text("The script; the same variables are set as for kubernetes:exec", "a shell's script"),
    file: {
      description: "The script as a file instead, read when the stack is deployed",
      allowed: "a path, relative to the project's folder",
      schema: { type: "string", minLength: 1 },
      default: "",
      parse: (path, readFile) => (typeof path === "string" && path !== "" ? readFile(path) : undefined),
    },
    ...SHELL_PARAMETERS,
  },
  objection: ({ script: written, file }) => {
    if ((written === "") === (file === "")) return "one of script and file is to be given";
    return Buffer.byteLength(written + file) > LONGEST ? `a script has up to ${LONGEST} bytes` : undefined;
  },
  permissions: () => SHELL_PERMISSIONS,
  seconds: ({ timeout_seconds: seconds }) => seconds,
  example: `- action: Look around
  actionner: kubernetes:script
  parameters:
    script: |
      ps
      cat /proc/net/tcp
      ls -la /tmp
`,
  run: async (occasion, parameters) =>
    await runInContainer(occasion, parameters.script || parameters.file, parameters, "the script"),
});
