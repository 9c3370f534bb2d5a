import type { Attributes } from "./authorizer.ts";
import { containerOf, containerStatus } from "./containers.ts";
import type { Containers } from "./containers.ts";
import { isMap } from "../../responder/json.ts";
import type { Json, KubernetesObject } from "./object.ts";
import { resourceNamed } from "./resources.ts";
import { badRequest, invalid, type Cause } from "./status.ts";
import type { Store } from "./store.ts";
import { flagOf } from "./target.ts";

/**
 * The end of a container's log, as much of it as the query asks for; undefined where no node has the pod.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod
 * @throws StatusError 400, 404 or 422
 */
export function readLog(
  store: Store,
  { namespace, name }: Attributes,
  query: URLSearchParams,
  containers: Containers,
): string | undefined {
  const tailLines = numberOf(query, "tailLines");
  const limitBytes = numberOf(query, "limitBytes");
  const causes: Cause[] = [];
  if (tailLines !== undefined && tailLines < 0)
    causes.push(outOfRange("tailLines", tailLines, "must be greater than or equal to 0"));
  if (limitBytes !== undefined && limitBytes < 1)
    causes.push(outOfRange("limitBytes", limitBytes, "must be greater than 0"));
  const previous = flagOf(query, "previous");
  if (causes.length > 0) throw invalid("", "PodLogOptions", name, causes);
  const pod = store.get(resourceNamed("pods"), namespace, name);
  const container = containerOf(pod, query.get("container") ?? "");
  if (!pod.spec?.["nodeName"]) return undefined;
  const silence = whySilent(pod, container, previous);
  if (silence !== undefined) throw badRequest(silence);
  const text = containers.log(pod, container, { previous });
  const lines = text.split(/(?<=\n)/);
  const tail = tailLines === undefined ? text : lines.slice(Math.max(lines.length - tailLines, 0)).join("");
  return limitBytes === undefined ? tail : Buffer.from(tail).subarray(0, limitBytes).toString();
}

/** Why a container has no log, in the kubelet's words. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kubelet_pods.go (validateContainerLogStatus) */
function whySilent(pod: KubernetesObject, container: string, previous: boolean): string | undefined {
  const { state = {}, lastState = {} } = (containerStatus(pod, container) ?? {}) as { state?: Json; lastState?: Json };
  const described = `container "${container}" in pod "${pod.metadata.name}"`;
  const { waiting, running, terminated } = state;
  if (previous) return isMap(lastState["terminated"]) ? undefined : `previous terminated ${described} not found`;
  if (!isMap(waiting) || running !== undefined || terminated !== undefined || isMap(lastState["terminated"]))
    return undefined;
  const reason = String(waiting["reason"]);
  const known: Record<string, string> = {
    ErrImagePull: "image can't be pulled",
    ImagePullBackOff: "trying and failing to pull image",
  };
  return `${described} is waiting to start: ${known[reason] ?? reason}`;
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[-+]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function outOfRange(field: string, value: number, why: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${value}: ${why}`, field };
}
