import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "../../lab/kubernetes/object.ts";
import { eventually } from "../support/eventually.ts";
import type { Processes } from "../support/processes.ts";

/** The Kubernetes API that the stack is brought up on. */
export interface EngineApi {
  readonly url: string;
  /** Of a user who may do everything. */
  readonly token: string;
  /** File with the authority of its certificate, where it has one. */
  readonly caFile?: string;
  /** Called when an object is there, and before whoever created it is told so, by an API that can. */
  onCreated?: ((object: KubernetesObject) => void) | undefined;
}

/** This suite's providers, each a process of its own that the engine attaches to. */
export class Providers {
  readonly #processes: Processes;
  readonly #api: EngineApi;

  constructor(processes: Processes, api: EngineApi) {
    this.#processes = processes;
    this.#api = api;
    processes.start("docker", process.execPath, [join(import.meta.dirname, "docker-provider.ts")]);
  }

  /**
   * Where the engine finds them, as PULUMI_DEBUG_PROVIDERS wants it.
   * @param variables further ones of the Kubernetes provider's environment; there is one provider for each set of them
   */
  async addresses(variables: Record<string, string>): Promise<string> {
    const { caFile } = this.#api;
    const settings = Object.entries({ ...variables, ...(caFile !== undefined && { NODE_EXTRA_CA_CERTS: caFile }) }).map(
      ([key, value]) => `${key}=${value}`,
    );
    const name = ["kubernetes", ...Object.keys(variables)].join(" ");
    const script = join(import.meta.dirname, "kubernetes-provider.ts");
    if (!existsSync(this.#log(name))) {
      const command = [process.execPath, script, this.#api.url, this.#api.token];
      this.#processes.start(name, "/usr/bin/env", [...settings, ...command]);
    }
    return `kubernetes:${await this.#port(name)},docker:${await this.#port("docker")}`;
  }

  #log(name: string): string {
    return join(this.#processes.folder, `${name}.log`);
  }

  /** A provider prints its port, and nothing else, when it is ready. */
  async #port(name: string): Promise<string> {
    return await eventually(`the ${name} provider's port`, () => {
      this.#processes.check();
      return Promise.resolve(/^\d+(?=\n)/.exec(readFileSync(this.#log(name), "utf8"))?.[0]);
    });
  }
}
