import { parse } from "yaml";
import { DEAD_LETTER, RESPONDER, type Settings } from "../../responder/settings.ts";
import { isKey, KEYS, type Key, type Keys } from "../../stack/config/settings.ts";
import { sentence, table, valueCell } from "./table.ts";

/** The parts of the page, and what stands above each. */
const PARTS: Readonly<Record<Exclude<keyof typeof KEYS, "cluster">, string>> = {
  knative: "Knative",
  broker: "The Broker",
  falco: "Falco",
  security: "Who may raise an alert",
  image: "The responder's image",
  responder: "The responder",
  delivery: "Delivery from the Broker",
};

const HEAD = `# Configuration

Made from \`Pulumi.yaml\` and the code by \`npm run docs\`: change it there.

## How to set a value

Each stack has values of its own, in \`Pulumi.STACK.yaml\`. A value that can't be used stops \`pulumi preview\` with an
error that names the key, the value and what is allowed; so does a key that there isn't.

\`\`\`sh
pulumi config set responderDryRun true
pulumi config set knative:install false
pulumi config set --secret registryPassword    # asks for it, and keeps it encrypted
\`\`\`

Lists and maps are set item by item, with \`--path\`: the CLI refuses a list or a map that is written as one value.

\`\`\`sh
pulumi config set --path 'responderRules[0]' rules.yaml
pulumi config set --path 'responderRules[1]' my-rules.yaml
pulumi config set --path 'falcoValues.falcosidekick.config.slack.webhookurl' --secret https://hooks.slack.com/…
\`\`\`

A list that is set takes the place of the default one: write out what is to stay of it. In the file it looks like this:

\`\`\`yaml
config:
  response-engine:responderRules:
    - rules.yaml
    - my-rules.yaml
\`\`\`

The cluster is the one that \`kubectl\` reaches; \`kubernetes:context\` names another context of the kubeconfig, and
\`kubernetes:kubeconfig\` (a secret) holds a kubeconfig's path or text.

Node.js runs the program as it is: the \`node\` that is found first on the \`PATH\` of \`pulumi\` has to be 22.18 or newer.
An older one ends with \`Unknown file extension ".ts"\`, before anything is looked at.
`;

const ENVIRONMENT = `## The responder's environment

The stack writes what the keys say, and what it knows by itself, into the environment of its Knative Services. Who runs
the responder without the stack sets the same; \`--help\` of the responder says it too.
`;

interface Declared {
  default?: unknown;
  /** Of a key of another namespace. */
  value?: unknown;
  description: string;
}

/**
 * The page on every key of the stack.
 * @param project the text of Pulumi.yaml
 */
export function configurationPage(
  project: string,
  keys: Readonly<Record<string, Keys>> = KEYS,
  settings: Settings = { ...RESPONDER, ...DEAD_LETTER },
): string {
  const { config } = parse(project) as { config: Record<string, Declared> };
  const parts = Object.entries(PARTS).map(([part, title]) => {
    const rows = leavesOf(keys[part] ?? {}).map(({ key, format }) => {
      const { default: otherwise, value, description = "" } = config[key] ?? {};
      return [`\`${key}\``, sentence(format.allowed), valueCell(otherwise ?? value), description];
    });
    return `## ${title}\n\n${table(["key", "takes", "default", ""], rows)}`;
  });
  return [HEAD, ...parts, `${ENVIRONMENT}\n${environmentTable(settings)}`].join("\n");
}

function environmentTable(settings: Settings): string {
  const rows = Object.values(settings).map(({ variable, key, format, default: otherwise, help }) => [
    `\`${variable}\``,
    sentence(format.type === "array" ? `${format.allowed}; with commas between them` : format.allowed),
    valueCell(Array.isArray(otherwise) ? otherwise.join(",") : otherwise),
    key === undefined ? help : `\`${key}\``,
  ]);
  return table(["variable", "takes", "not set", "key, or what it is for"], rows);
}

function leavesOf(keys: Keys): Key[] {
  return Object.values(keys).flatMap((one) => (isKey(one) ? [one] : leavesOf(one)));
}
