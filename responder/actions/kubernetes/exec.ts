import { podActionner } from "../actionner.ts";
import { text } from "../parameters.ts";
import { runInContainer, SHELL_PARAMETERS, SHELL_PERMISSIONS, type ShellParameters } from "../pods/shell.ts";

interface Parameters extends ShellParameters {
  command: string;
}

export const exec = podActionner<Parameters>({
  name: "kubernetes:exec",
  description: "Runs a command in the container that raised the alert, and keeps what it prints",
  continue: true,
  repeatable: false,
  disrupts: 1,
  givesOutput: true,
  parameters: {
    command: {
      ...text(
        "The command; ${FD_NAME} stands for the alert's output field fd.name, ${RULE}, ${PRIORITY} … for the alert's own",
        "a shell's command",
      ),
      required: true,
    },
    ...SHELL_PARAMETERS,
  },
  permissions: () => SHELL_PERMISSIONS,
  seconds: ({ timeout_seconds: seconds }) => seconds,
  example: `- action: Show what was opened
  actionner: kubernetes:exec
  parameters:
    command: ls -l "\${FD_NAME}"
`,
  run: async (occasion, parameters) => await runInContainer(occasion, parameters.command, parameters, "the command"),
});
