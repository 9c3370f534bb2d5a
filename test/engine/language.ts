import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import type { ILanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type {
  LanguageHandshakeRequest,
  LanguageHandshakeResponse,
  RunRequest,
  RunResponse,
} from "@pulumi/pulumi/proto/language_pb.js";

const require = createRequire(import.meta.url);
const { LanguageRuntimeService } = require("@pulumi/pulumi/proto/language_grpc_pb") as {
  LanguageRuntimeService: ILanguageRuntimeService;
};
const messages = require("@pulumi/pulumi/proto/language_pb") as typeof import("@pulumi/pulumi/proto/language_pb.js");
const { PluginInfo } = require("@pulumi/pulumi/proto/plugin_pb") as typeof import("@pulumi/pulumi/proto/plugin_pb.js");

/** The exit code of a program whose errors are on the screen already (@pulumi/pulumi/cmd/run). */
const HAS_SAID_WHY = 32;

/**
 * Runs Node programs for the engine, as the plugin pulumi-language-nodejs does: each evaluation is a process of
 * the SDK's own runner. The plugin itself is left out because it can only be had as a download.
 * @see https://github.com/pulumi/pulumi/tree/master/sdk/nodejs/cmd/pulumi-language-nodejs
 */
export class LanguageHost {
  readonly port: number;
  /** What programs get beside this process's own environment: that of the CLI, which would have started the plugin. */
  environment: Record<string, string> = {};
  readonly #server: Server;
  readonly #programs: Set<ChildProcess>;

  private constructor(server: Server, port: number, programs: Set<ChildProcess>) {
    this.#server = server;
    this.port = port;
    this.#programs = programs;
  }

  /** @param cache a folder for compiled code, which each program but the first is quicker with */
  static async start(cache: string): Promise<LanguageHost> {
    const programs = new Set<ChildProcess>();
    const server = new Server();
    let host: LanguageHost | undefined;
    let engine = "";
    server.addService(LanguageRuntimeService, {
      handshake: (
        call: ServerUnaryCall<LanguageHandshakeRequest, LanguageHandshakeResponse>,
        callback: sendUnaryData<LanguageHandshakeResponse>,
      ) => {
        engine = call.request.getEngineAddress();
        callback(null, new messages.LanguageHandshakeResponse());
      },
      getPluginInfo: answer(() => new PluginInfo()),
      getRequiredPackages: answer(() => new messages.GetRequiredPackagesResponse()),
      run: (call: ServerUnaryCall<RunRequest, RunResponse>, callback: sendUnaryData<RunResponse>) => {
        const program = start(call.request, { engine, cache, environment: host?.environment ?? {} }, callback);
        programs.add(program);
        program.once("close", () => programs.delete(program));
        // the engine is gone, and so goes what works for it
        call.once("cancelled", () => program.kill("SIGKILL"));
      },
    });
    const port = await new Promise<number>((settle, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else settle(bound);
      });
    });
    return (host = new LanguageHost(server, port, programs));
  }

  stop(): void {
    for (const program of this.#programs) program.kill("SIGKILL");
    this.#server.forceShutdown();
  }
}

function answer<Response>(make: () => Response) {
  return (_: unknown, callback: sendUnaryData<Response>): void => {
    callback(null, make());
  };
}

interface Surroundings {
  engine: string;
  cache: string;
  environment: Record<string, string>;
}

function start(
  request: RunRequest,
  { engine, cache, environment }: Surroundings,
  callback: sendUnaryData<RunResponse>,
): ChildProcess {
  const info = request.getInfo();
  const options: Record<string, string> = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    pwd: request.getPwd(),
    "root-directory": info?.getRootDirectory() ?? "",
    parallel: String(request.getParallel()),
  };
  const args = Object.entries(options).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value]));
  const program = spawn(
    process.execPath,
    [
      require.resolve("@pulumi/pulumi/cmd/run"),
      ...args,
      ...(request.getDryrun() ? ["--dry-run"] : []),
      request.getProgram(),
    ],
    {
      cwd: request.getPwd(),
      env: {
        ...process.env,
        ...environment,
        NODE_COMPILE_CACHE: cache,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: JSON.stringify(info?.getOptions()?.toJavaScript()["typescript"] ?? true),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let printed = "";
  for (const stream of [program.stdout, program.stderr])
    stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  program.once("error", (error) => {
    callback({ code: status.INTERNAL, details: error.message }, null);
  });
  program.once("close", (code, signal) => {
    const response = new messages.RunResponse();
    if (code === HAS_SAID_WHY) response.setBail(true);
    else if (code !== 0)
      response.setError(`The program ended with ${signal ?? `exit code ${String(code)}`}\n${printed}`);
    callback(null, response);
  });
  return program;
}
