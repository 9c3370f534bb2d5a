// Runs index.ts under Pulumi's mocks and sends what it registered to the parent process (evaluate.ts).
import * as pulumi from "@pulumi/pulumi";
import { createRequire } from "node:module";
import { isMap } from "../../responder/json.ts";
import type { Json } from "../kubernetes/object.ts";
import type { Evaluation, EvaluationResult, Program, ProgramResource } from "./evaluate.ts";

/** The outputs a cluster or a registry would give; every other resource gets its inputs back. */
function statusOf(type: string, inputs: Json): Json {
  const { name, namespace } = (inputs["metadata"] ?? {}) as { name?: string; namespace?: string };
  switch (type) {
    case "kubernetes:eventing.knative.dev/v1:Broker":
      return {
        status: { address: { url: `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/${name}` } },
      };
    case "kubernetes:serving.knative.dev/v1:Service": {
      const url = `http://${name}.${namespace}.svc.cluster.local`;
      return { status: { url, address: { url }, latestReadyRevisionName: `${name}-00001` } };
    }
    case "docker:index/image:Image": {
      const repository = String(inputs["imageName"]).replace(/:[^:/]*$/, "");
      return { repoDigest: `${repository}@sha256:${"0123456789abcdef".repeat(4)}`, baseImageName: inputs["imageName"] };
    }
    default:
      return {};
  }
}

/** The part of the engine's RegisterResource request that is read here. */
interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getDependenciesList(): string[];
  getObject(): { toJavaScript(): Json };
  getCustomtimeouts(): { toObject(): Record<string, string> } | undefined;
}

interface Monitor {
  registerResource(
    request: RegisterRequest,
    callback: (error: unknown, response?: { getUrn(): string }) => void,
  ): unknown;
}

async function evaluate({ project, stack, config }: Evaluation): Promise<Program> {
  pulumi.runtime.setAllConfig(config);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => ({
        id: `${name}-id`,
        state: { ...(inputs as Json), ...statusOf(type, inputs as Json) },
      }),
      call: ({ inputs }) => inputs as Json,
    },
    project,
    stack,
  );
  allowTransforms();
  const resources = record(pulumi.runtime.getMonitor() as unknown as Monitor);
  const outputs = (await pulumi.runtime.runInPulumiStack(() => import("../../index.ts"))) ?? {};
  await pulumi.runtime.disconnect();
  return { resources: [...resources.values()], outputs: reveal(await plain(outputs), [], []) as Json };
}

/** Setting the mocks turns transforms off; the engine has them, so they are taken, though no engine calls them here. */
function allowTransforms(): void {
  const { getStore } = createRequire(import.meta.url)("@pulumi/pulumi/runtime/state") as {
    getStore: () => { supportsTransforms: boolean; callbacks: unknown };
  };
  const { Callback } = createRequire(import.meta.url)("@pulumi/pulumi/proto/callback_pb") as {
    Callback: new () => object;
  };
  const store = getStore();
  store.supportsTransforms = true;
  store.callbacks = {
    registerTransform: () => Promise.resolve(new Callback()),
    awaitStackRegistrations: () => Promise.resolve(),
    shutdown: () => undefined,
  };
}

/** Mocks are shown a resource's type, name and inputs; the request also says whose it is and what it waits for. */
function record(monitor: Monitor): ReadonlyMap<string, ProgramResource> {
  const resources = new Map<string, ProgramResource>();
  const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    const secrets: string[] = [];
    const parent = nameOf(request.getParent());
    const type = request.getType();
    if (type !== "pulumi:pulumi:Stack") {
      resources.set(`${type} ${request.getName()}`, {
        type,
        name: request.getName(),
        inputs: reveal(request.getObject().toJavaScript(), [], secrets) as Json,
        ...(request.getParent().includes("::pulumi:pulumi:Stack::") ? {} : { parent }),
        dependsOn: request.getDependenciesList().map(nameOf),
        secrets,
        timeouts: Object.fromEntries(
          Object.entries(request.getCustomtimeouts()?.toObject() ?? {}).filter(([, limit]) => limit),
        ),
      });
    }
    return register(request, callback);
  };
  return resources;
}

/** Takes values out of their wire wrapping: a secret becomes its value, and its path is noted. */
function reveal(value: unknown, path: string[], secrets: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => reveal(item, [...path, String(index)], secrets));
  if (!isMap(value)) return value;
  if (value[pulumi.runtime.specialSigKey] === pulumi.runtime.specialSecretSig) {
    secrets.push(path.join("."));
    return reveal(value["value"], path, secrets);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item, [...path, key], secrets)]));
}

function plain(outputs: pulumi.Inputs): Promise<Json> {
  return new Promise((settle) => {
    pulumi.output(outputs).apply((value) => {
      settle(value);
    });
  });
}

process.once("message", (evaluation: Evaluation) => {
  evaluate(evaluation).then(
    (program) => {
      finish({ program });
    },
    (error: unknown) => {
      finish({ error: messageOf(error) });
    },
  );
});
process.once("uncaughtException", (error) => {
  finish({ error: messageOf(error) });
});
process.once("unhandledRejection", (error) => {
  finish({ error: messageOf(error) });
});

/** A RunError is written for the person at the terminal; anything else is a defect, shown with where it is. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, stack = message } = error;
  return pulumi.RunError.isInstance(error) ? message : stack;
}

function finish(result: EvaluationResult): void {
  process.send?.(result, () => process.exit(0));
}
