import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  createConfiguration,
  HttpMethod,
  KubeConfig,
  NetworkingV1Api,
  ServerConfiguration,
  type Configuration,
  type RequestContext,
  type ResponseContext,
} from "@kubernetes/client-node";
import type { Cluster } from "./cluster.ts";
import { exec } from "./exec.ts";

/**
 * The Kubernetes API as the ServiceAccount of the pod sees it, or as KUBECONFIG says where that is set.
 * @param timeout milliseconds that one request may take
 */
export function connect(timeout: number, kubeconfig = process.env["KUBECONFIG"]): Cluster {
  const config = new KubeConfig();
  if (kubeconfig) config.loadFromFile(kubeconfig);
  else config.loadFromCluster();
  const server = config.getCurrentCluster()?.server;
  if (!server) throw new Error(`KUBECONFIG ${kubeconfig ?? ""} names no cluster`);
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [sharedConnections(timeout), mergePatches],
  });
  return {
    core: new CoreV1Api(configuration),
    apps: new AppsV1Api(configuration),
    networking: new NetworkingV1Api(configuration),
    readObject: async (path) => JSON.parse(await send(configuration, HttpMethod.GET, path)) as unknown,
    deleteObject: async (path) => {
      // what a Job owns would stay behind otherwise
      await send(configuration, HttpMethod.DELETE, `${path}?propagationPolicy=Background`);
    },
    exec: (command) => exec(config, command),
  };
}

type Dispatcher = ReturnType<RequestContext["getDispatcher"]>;

/** How long the connections of one dispatcher are used before the cluster's CA is read anew, in milliseconds. */
const DISPATCHER_AGE = 5 * 60_000;

/**
 * The client builds a new dispatcher for every request, which costs a TLS handshake each time: keep the
 * first and use it for all that follow, until its certificate authority may have changed.
 */
function sharedConnections(timeout: number) {
  let shared: { dispatcher: Dispatcher; since: number } | undefined;
  return {
    pre: (request: RequestContext): Promise<RequestContext> => {
      if (!shared || performance.now() - shared.since > DISPATCHER_AGE) {
        shared = { dispatcher: keepingConnections(request.getDispatcher()), since: performance.now() };
      }
      if (shared.dispatcher) request.setDispatcher(shared.dispatcher);
      request.setSignal(AbortSignal.timeout(timeout));
      return Promise.resolve(request);
    },
    post: (response: ResponseContext): Promise<ResponseContext> => Promise.resolve(response),
  };
}

/** A DELETE with a body would close its connection afterwards, and the next have to greet the API anew. */
function keepingConnections(dispatcher: Dispatcher): Dispatcher {
  return dispatcher?.compose((dispatch) => (options, handler) => dispatch({ ...options, reset: false }, handler));
}

/** The client would send a JSON patch, whose operations fail on a map that isn't there yet. */
const mergePatches = {
  pre: (request: RequestContext): Promise<RequestContext> => {
    if (request.getHttpMethod() === HttpMethod.PATCH) {
      request.setHeaderParam("Content-Type", "application/merge-patch+json");
    }
    return Promise.resolve(request);
  },
  post: (response: ResponseContext): Promise<ResponseContext> => Promise.resolve(response),
};

/** The generated client has a method per resource; this is for a resource that only an alert or another object names. */
async function send(
  { baseServer, httpApi, middleware, authMethods }: Configuration,
  method: HttpMethod,
  path: string,
): Promise<string> {
  let request = baseServer.makeRequestContext(path, method);
  request.setHeaderParam("Accept", "application/json");
  await authMethods.default?.applySecurityAuthentication(request);
  for (const step of middleware) request = await step.pre(request).toPromise();
  const response = await httpApi.send(request).toPromise();
  const body = await response.body.text();
  if (response.httpStatusCode >= 300) throw new ApiException(response.httpStatusCode, "", body, response.headers);
  return body;
}
