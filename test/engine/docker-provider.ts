// A provider of images, for the engine to attach to: builds and pushes nothing, and says what digest came of it.
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { differences, isJson, reveal, type Json } from "./values.ts";

/** The state keeps the inputs under this key, as the engine tells a provider's diff the old outputs alone. */
const INPUTS = "__inputs";

const provider: pulumi.provider.Provider = {
  version: "5.2.0",
  diff: (_id, _urn, olds: Json, news: Json) =>
    Promise.resolve({ changes: differences(reveal(olds[INPUTS]), reveal(news)).length > 0 }),
  create: (_urn, inputs: Json) => Promise.resolve({ id: String(inputs["imageName"]), outs: outputsOf(inputs) }),
  read: (id, _urn, props: Json) => Promise.resolve({ id, props, inputs: props[INPUTS] }),
  update: (_id, _urn, _olds, news: Json) => Promise.resolve({ outs: outputsOf(news) }),
};

await pulumi.provider.main(provider, process.argv.slice(2));
process.once("disconnect", () => process.exit());

/** The digest hangs on how the image is built, not on who pushes it. */
function outputsOf(inputs: Json): Json {
  const { imageName, build } = reveal(inputs) as { imageName: string; build: unknown };
  const digest = createHash("sha256")
    .update(JSON.stringify(isJson(build) ? build : {}))
    .digest("hex");
  return {
    ...inputs,
    baseImageName: imageName,
    repoDigest: `${imageName.replace(/:[^:/]*$/, "")}@sha256:${digest}`,
    [INPUTS]: inputs,
  };
}
