import * as pulumi from "@pulumi/pulumi";
import { readStack } from "../../../lab/program/evaluate.ts";
import { readConfig, type StackConfig } from "../../../stack/config/config.ts";

/**
 * Reads a stack's configuration with some of its values changed.
 * @param warnings that it gives are added to these
 */
export async function configured(
  changes: Record<string, unknown>,
  stack = "dev",
  warnings: string[] = [],
): Promise<StackConfig> {
  const { project, config } = await readStack(stack, changes);
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, project, stack);
  pulumi.runtime.setAllConfig(config);
  return readConfig((warning) => warnings.push(warning));
}
