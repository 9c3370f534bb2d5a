import * as pulumi from "@pulumi/pulumi";

/** A resource as it was registered. */
export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** Has Pulumi register with nobody, each resource coming back with its inputs, and gives the list that they are added to. */
export async function mockEngine(): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs: inputs as Record<string, unknown> });
      const digest = type === "docker:index/image:Image" ? { repoDigest: `${name}@sha256:0123` } : {};
      return { id: `${name}-id`, state: { ...(inputs as object), ...digest } };
    },
    call: () => ({}),
  });
  return registered;
}

/** What an output is when all that it waits for is registered. */
export async function settled<T>(output: pulumi.Output<T>): Promise<T> {
  return await new Promise((resolve) => {
    output.apply(resolve);
  });
}
