import { get, getAs, pod, post, remove, type Table, created, waiting, several } from "./steps.ts";

export const LOGS: Table = {
  "a container": [created, get(`${pod}/log`), get(`${pod}/log?container=main`)],
  "the end of it": [
    created,
    ...[
      "tailLines=2",
      "tailLines=0",
      "tailLines=1000",
      "limitBytes=9",
      "limitBytes=10&tailLines=5",
      "tailLines=3&previous=false",
    ].map((query) => get(`${pod}/log?${query}`)),
  ],
  "no end that can be": [
    created,
    ...["tailLines=-1", "limitBytes=0", "limitBytes=-3&tailLines=-4", "tailLines=some"].map((query) =>
      get(`${pod}/log?${query}`),
    ),
  ],
  "a container that the pod doesn't have": [created, get(`${pod}/log?container=sidecar`)],
  "one container of several": [
    several,
    get(`${pod}/log`),
    ...["sidecar", "init"].map((name) => get(`${pod}/log?tailLines=1&container=${name}`)),
  ],
  "a pod that isn't there": [
    get(`${pod}/log`),
    get("/api/v1/namespaces/nowhere/pods/alpine/log"),
    get(`${pod}/log?tailLines=-1`),
  ],
  "a pod that no node runs": [waiting, get(`${pod}/log`), get(`${pod}/log?container=sidecar`)],
  "a container as text, with which there must be JSON": [
    created,
    ...["text/plain,application/json", "*/*", "", "text/plain", "text/html"].map((accept) =>
      getAs(`${pod}/log?tailLines=1`, accept),
    ),
  ],
  "a pod by other methods": [created, post(`${pod}/log`, {}), remove(`${pod}/log`)],
};
