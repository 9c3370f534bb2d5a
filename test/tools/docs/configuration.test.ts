import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { FLAG } from "../../../responder/formats.ts";
import { RESPONDER } from "../../../responder/settings.ts";
import { KEYS, keysOf } from "../../../stack/config/settings.ts";
import { configurationPage } from "../../../tools/docs/configuration.ts";

const project = readFileSync(new URL("../../../Pulumi.yaml", import.meta.url), "utf8");
const { config } = parse(project) as { config: Record<string, { description: string }> };

describe("the page on the configuration", () => {
  const page = configurationPage(project);

  it("has a line for every key of Pulumi.yaml, with its description", () => {
    for (const [key, { description }] of Object.entries(config)) {
      const [line = ""] = page.split("\n").filter((text) => text.startsWith(`| \`${key}\` |`));
      assert.ok(line.includes(description.replaceAll("|", "\\|").trim()), key);
    }
  });

  it("says what a key takes and its default", () => {
    assert.match(page, /^\| `deliveryRetry` \| A whole number from 0 to 1000\. \| `10` \|/m);
    assert.match(page, /^\| `responderRules` \| A list of 1 or more, .* \| `\["rules\.yaml"\]` \|/m);
  });

  it("sets keys that there are in its examples", () => {
    const set = [...page.matchAll(/^pulumi config set (?:--\w+ )*'?([\w:]+)/gm)].map(([, key = ""]) => key);
    assert.equal(set.length, 6);
    for (const key of set) assert.ok(key in config, key);
  });

  it("groups the keys by what they are for", () => {
    const titles = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    assert.deepEqual(titles.slice(1, -1), [
      "Knative",
      "The Broker",
      "Falco",
      "Who may raise an alert",
      "The responder's image",
      "The responder",
      "Delivery from the Broker",
    ]);
    assert.ok(page.indexOf("`falcoDriver`") > page.indexOf("## Falco\n"));
    assert.ok(page.indexOf("`falcoDriver`") < page.indexOf("## The responder's image"));
  });

  it("shows a new setting of the responder, as a key and as a variable, for its entry in the list", () => {
    const fake = { variable: "FAKE", key: "responderFake", format: FLAG, default: true, help: "Whether it fakes." };
    const settings = { ...RESPONDER, fake };
    const keys = { ...KEYS, responder: { ...KEYS.responder, settings: keysOf(settings) } };
    const declared = { type: "boolean", default: fake.default, description: fake.help };
    const extended = configurationPage(stringify({ config: { ...config, responderFake: declared } }), keys, settings);
    assert.match(extended, /^\| `responderFake` \| True or false\. \| `true` \| Whether it fakes\. \|$/m);
    assert.match(extended, /^\| `FAKE` \| True or false\. \| `true` \| `responderFake` \|$/m);
  });
});
