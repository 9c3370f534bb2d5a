import type { CommandResult } from "../../../lab/kubernetes/containers.ts";
import { get, pod, pods, remove, type Request, type Step, type Table, created, waiting, several } from "./steps.ts";

const V5 = "v5.channel.k8s.io";
const V4 = "v4.channel.k8s.io";

function exec(query: string, more: Partial<Request> = {}): Request {
  return { ...get(`${pod}/exec?${query}`), protocols: [V5], ...more };
}

/** A command as the query says it. */
function commandOf(...words: string[]): string {
  return words.map((word) => `command=${encodeURIComponent(word)}`).join("&");
}

const HELLO = commandOf("echo", "hello");

/** What becomes of the commands below on the machine that stands for a node. */
export const COMMANDS: Record<string, CommandResult | Error> = {
  "echo hello": { stdout: "hello\n", exitCode: 0 },
  "sh -c echo oops >&2": { stderr: "oops\n", exitCode: 0 },
  // kwok doesn't say that a command ended with an exit code, as a node does
  "sh -c echo so far; exit 3": new Error("cmd wait: sh -c echo so far; exit 3: exit status 3"),
  "no-such-program": new Error(
    'cmd start: no-such-program : exec: "no-such-program": executable file not found in $PATH',
  ),
};

export const RUNNING: Table = {
  ...Object.fromEntries(
    [V5, V4].flatMap((protocol): [string, Step[]][] => {
      const more = { protocols: [protocol] };
      return [
        [
          `a command (${protocol})`,
          [created, exec(`${HELLO}&stdout=true&stderr=true`, more), exec(`${HELLO}&stdout=1&container=main`, more)],
        ],
        [
          `a command that complains (${protocol})`,
          [created, exec(`${commandOf("sh", "-c", "echo oops >&2")}&stdout=true&stderr=true`, more)],
        ],
        [`a command that nobody listens to (${protocol})`, [created, exec(`${HELLO}&stdout=false&stderr=true`, more)]],
        [
          `a command that can't be run (${protocol})`,
          [
            created,
            exec(`${commandOf("no-such-program")}&stdout=true`, more),
            exec(`${commandOf("sh", "-c", "echo so far; exit 3")}&stderr=true`, more),
          ],
        ],
        [
          `nothing where it isn't known where (${protocol})`,
          [several, exec(`${HELLO}&stdout=true`, more), exec(`${HELLO}&stdout=true&container=nowhere`, more)],
        ],
        [`nothing in a pod that isn't there (${protocol})`, [exec(`${HELLO}&stdout=true`, more)]],
      ];
    }),
  ),
  "a command in one container of several": [several, exec(`${HELLO}&stdout=true&container=sidecar`)],
  "a command for who speaks several protocols": [
    created,
    ...[
      [V5, V4],
      [V4, V5],
      ["made.up", V4],
    ].map((protocols) => exec(`${HELLO}&stdout=true`, { protocols })),
  ],
  "nothing in a pod that no node runs": [waiting, exec(`${HELLO}&stdout=true`)],
  "nothing for who may get and not create": [
    created,
    exec(`${HELLO}&stdout=true`, { as: "reader" }),
    get(`${pod}/exec?${HELLO}`, "reader"),
    { method: "POST", path: `${pod}/exec?${HELLO}`, as: "reader" },
  ],
  "nothing for nobody": [
    created,
    exec(`${HELLO}&stdout=true`, { as: "anonymous" }),
    exec(`${HELLO}&stdout=true`, { as: "impostor" }),
  ],
  "nothing without an upgrade": [
    created,
    get(`${pod}/exec?${HELLO}`),
    { method: "POST", path: `${pod}/exec?${HELLO}` },
    get(`${pod}/exec?${HELLO}&container=nowhere`),
    get(`${pods}/busybox/exec?${HELLO}`),
  ],
  "nothing by other methods": [created, { method: "PUT", path: `${pod}/exec?${HELLO}` }, remove(`${pod}/exec`)],
  "a pod to who asks for an upgrade there": [waiting, { ...get(pod), protocols: [V5] }],
};
