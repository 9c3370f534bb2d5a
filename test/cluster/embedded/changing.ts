import { NOBODY, patch, pod, podOf, pods, post, type Table, created, waiting } from "./steps.ts";

const JSON_PATCH = "application/json-patch+json";
const MERGE = "application/merge-patch+json";

export const CHANGING: Table = {
  "labels by a merge patch": [
    created,
    patch(pod, { metadata: { labels: { a: "1", b: "2" } } }),
    patch(pod, { metadata: { labels: { a: null } } }),
  ],
  "labels by a strategic merge patch": [
    created,
    patch(pod, { metadata: { labels: { a: "1" } } }, { contentType: "application/strategic-merge-patch+json" }),
  ],
  "labels by a JSON patch": [
    created,
    patch(pod, [{ op: "add", path: "/metadata/labels", value: { a: "1" } }], { contentType: JSON_PATCH }),
  ],
  "a label of a map that isn't there, by a JSON patch": [
    created,
    patch(pod, [{ op: "add", path: "/metadata/labels/a", value: "1" }], { contentType: JSON_PATCH }),
  ],
  "a label that isn't there, by a JSON patch": [
    post(pods, podOf({ metadata: { labels: { a: "1" } } })),
    patch(pod, [{ op: "remove", path: "/metadata/labels/b" }], { contentType: JSON_PATCH }),
    patch(pod, [{ op: "replace", path: "/metadata/labels/b", value: "1" }], { contentType: JSON_PATCH }),
  ],
  "what a JSON patch's test says no to": [
    created,
    patch(
      pod,
      [
        { op: "test", path: "/metadata/name", value: "busybox" },
        { op: "add", path: "/metadata/labels", value: {} },
      ],
      { contentType: JSON_PATCH },
    ),
  ],
  "what a JSON patch's test says yes to": [
    created,
    patch(
      pod,
      [
        { op: "test", path: "/metadata/name", value: "alpine" },
        { op: "add", path: "/metadata/labels", value: { a: "1" } },
      ],
      { contentType: JSON_PATCH },
    ),
  ],
  "a label that can't be": [created, patch(pod, { metadata: { labels: { a: "not a label!" } } })],
  "a pod that isn't there": [patch(pod, { metadata: { labels: { a: "1" } } })],
  "a pod of another UID": [created, patch(pod, { metadata: { uid: NOBODY, labels: { a: "1" } } })],
  "a pod of a version that is past": [
    created,
    patch(pod, { metadata: { labels: { a: "1" } } }),
    ([first]) =>
      patch(pod, { metadata: { resourceVersion: first?.metadata?.["resourceVersion"], labels: { b: "1" } } }),
  ],
  "a pod's name": [created, patch(pod, { metadata: { name: "busybox" } })],
  "a pod by what is no JSON": [created, { method: "PATCH", path: pod, text: "{", contentType: MERGE }],
  "a pod by what is no object": [created, { method: "PATCH", path: pod, text: "[]", contentType: MERGE }],
  "a pod by what is no JSON patch": [created, { method: "PATCH", path: pod, text: "{}", contentType: JSON_PATCH }],
  "a pod by plain text": [created, patch(pod, {}, { contentType: "text/plain" })],
  "a pod by no kind of patch": [created, patch(pod, {}, { contentType: "application/json" })],
  "a status but through the pod": [
    waiting,
    patch(pod, { status: { reason: "Because" } }),
    patch(`${pod}/status`, { status: { reason: "Because" } }),
  ],
  "all of a pod at once": [
    waiting,
    ([first]) => ({
      method: "PUT",
      path: pod,
      body: { ...first, metadata: { ...first?.metadata, labels: { a: "1" } } },
    }),
  ],
  "all of a pod at a version that is past": [
    waiting,
    patch(pod, { metadata: { labels: { a: "1" } } }),
    ([first]) => ({ method: "PUT", path: pod, body: first }),
  ],
  "all of a pod of another UID": [
    waiting,
    ([first]) => ({ method: "PUT", path: pod, body: { ...first, metadata: { ...first?.metadata, uid: NOBODY } } }),
  ],
  "nothing but in appearance": [created, patch(`${pod}?dryRun=All`, { metadata: { labels: { a: "1" } } })],
  "a pod's spec": [created, patch(pod, { spec: { activeDeadlineSeconds: 3600 } })],
  "a pod by a JSON patch that is no JSON": [
    created,
    { method: "PATCH", path: pod, text: "[", contentType: JSON_PATCH },
  ],
  "a pod by a strategic merge patch that is no JSON": [
    created,
    { method: "PATCH", path: pod, text: "{", contentType: "application/strategic-merge-patch+json" },
  ],
  "all of a pod that isn't there": [{ method: "PUT", path: pod, body: podOf() }],
  "all of a pod of another name": [{ method: "PUT", path: `${pods}/busybox`, body: podOf() }],
  "all pods at once": [{ method: "PUT", path: pods, body: podOf() }, patch(pods, {})],
};
