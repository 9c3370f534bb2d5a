/**
 * How much of anything is taken, kept, read, sent or done at once. An attacker writes the input: what has no bound
 * here has no place in memory. Bytes where nothing else is said; together they fit the pod's memory limit (256 MiB).
 */
export const LIMITS = {
  /** The body of one delivery. */
  body: 1024 * 1024,
  /** Bodies that are read or worked on at the same time, over all connections; what is more is asked to come again. */
  bodiesAtOnce: 8 * 1024 * 1024,
  /** CloudEvents in one batch. */
  batch: 100,
  /** Of a batch, how many are answered at the same time. */
  batchAtOnce: 8,
  /** Values of JSON, keys among them, in one body, one object or one error of the API; a value takes up to 100 bytes more. */
  values: 20_000,
  /** Output fields and tags that are read of an alert, and how deep a field may be nested. */
  fields: 512,
  tags: 64,
  /** Characters of an alert's uuid that are kept as they are; a longer one is kept as its hash. */
  key: 256,
  /** One message for people, and one field of the log, a response or a Kubernetes Event. */
  message: 1024,
  field: 512,
  /** What a response says in all. */
  said: 8 * 1024,
  /** What is remembered of settled alerts: how many, and how much in all. */
  remembered: 4096,
  rememberedBytes: 8 * 1024 * 1024,
  /** What is remembered of what was done for alerts that are to come again. */
  progressBytes: 4 * 1024 * 1024,
  /** One answer of the Kubernetes API. */
  answer: 4 * 1024 * 1024,
  /** What is kept of an object while an action goes on: Kubernetes allows 256 KiB of annotations. */
  object: 768 * 1024,
  /** Values in one page of a list, and what is kept of all its items. */
  listValues: 250_000,
  listKept: 1024 * 1024,
  /** Of a list: one page, all of them, how many items are asked for in one, and how many pages and items are read. */
  listAnswer: 5 * 1024 * 1024,
  listAnswers: 16 * 1024 * 1024,
  page: 100,
  pages: 100,
  listed: 5000,
  /** What is read of an error's answer. */
  errorAnswer: 16 * 1024,
  /** One container's log as it is read; where it is longer the API leaves out the last lines. */
  logRead: 4 * 1024 * 1024,
  /** Containers whose logs are read, Kubernetes Events of a pod, and bytes of each object in its evidence. */
  logs: 20,
  events: 200,
  evidenceObject: 64 * 1024,
  /** One action's output: kept, and as it is sent, encoded, in one CloudEvent (Kafka takes 1 MiB). */
  output: 512 * 1024,
  outputSent: 900 * 1024,
  /** Actions with an output at the same time: of those that run commands, and of those that don't. */
  outputsAtOnce: 8,
  /** How many characters of an output stand in the response itself. */
  excerpt: 2048,
  /** Requests to the Kubernetes API at the same time; the others wait. */
  requestsAtOnce: 64,
  /** Bytes of all answers that are being read; an answer that goes beyond is to be asked for again. */
  answersAtOnce: 16 * 1024 * 1024,
  /** Lists and logs that are read at the same time, and objects of any kind. */
  longAtOnce: 2,
  largeAtOnce: 4,
  /** Commands in containers at the same time. */
  commandsAtOnce: 8,
  /** What is received of a command's output at most, most of it not kept. */
  streamRead: 64 * 1024 * 1024,
  /** One message of a command's stream. */
  streamMessage: 1024 * 1024,
  /** Pods of a node that are looked at, and pods evicted at the same time. */
  podsOnNode: 1000,
  evictionsAtOnce: 5,
  /** Workloads, namespaces and nodes each whose disruptive actions are counted; those longest untouched are forgotten. */
  counted: 2048,
  /** Times that are kept of each of these, all names together. */
  countedTimes: 64 * 1024,
} as const;
