import * as pulumi from "@pulumi/pulumi";

/** Values of a Helm chart, or a part of them. */
export type Values = Record<string, pulumi.Input<unknown>>;

/** Whether a value is a map of others. What is an output stands for one that isn't known yet. */
export function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !pulumi.Output.isInstance(value);
}
