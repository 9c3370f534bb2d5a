// dependency-cruiser 18.7.2: the rooms and who may enter which
const below = {
  receiver: ["engine", "rules", "alerts", "telemetry"],
  engine: ["outputs", "rules", "actions", "alerts", "kubernetes", "telemetry"],
  outputs: ["rules", "actions", "alerts"],
  rules: ["actions", "alerts", "kubernetes"],
  actions: ["alerts", "kubernetes"],
  alerts: [],
  kubernetes: [],
  telemetry: [],
};
const ground = "(environment|events|formats|gate|json|limits|names|post|settings|text)\\.ts";
const rooms = Object.entries(below).map(([room, may]) => ({
  name: `room-${room}`,
  severity: "error",
  from: { path: `^responder/${room}/` },
  to: { path: "^responder/", pathNot: `^responder/(${[room, ...may].map((r) => r + "/").join("|")}|${ground})` },
}));
module.exports = {
  forbidden: [
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    ...rooms,
    {
      name: "ground-imports-nothing-of-ours",
      severity: "error",
      from: { path: `^responder/${ground}$` },
      to: { path: "^(responder|stack|lab|cli|tools|test)/", pathNot: `^responder/${ground}$` },
    },
    {
      name: "responder-stands-alone",
      comment: "the Dockerfile copies responder/ and nothing else",
      severity: "error",
      from: { path: "^responder/" },
      to: { path: "^(stack|lab|cli|bench|tools|test|docs)/|^index\\.ts$" },
    },
    {
      name: "stack-sees-rules-and-names-only",
      severity: "error",
      from: { path: "^(stack/|index\\.ts)" },
      to: { path: "^responder/", pathNot: "^responder/(rules/|(events|formats|settings|environment)\\.ts)" },
    },
    {
      name: "stack-not-to-lab",
      severity: "error",
      from: { path: "^(stack/|index\\.ts)" },
      to: { path: "^(lab|cli|bench|tools|test|docs)/" },
    },
    {
      name: "one-client-room",
      comment:
        "the Kubernetes client is a value in kubernetes/ alone, and in what asks the cluster before a stack is made; elsewhere it is types",
      severity: "error",
      from: { path: "^(responder|stack|cli)/", pathNot: "^(responder/kubernetes|stack/preflight)/" },
      to: { path: "node_modules/@kubernetes/client-node", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "only-main-connects",
      severity: "error",
      from: { path: "^responder/", pathNot: "^responder/(main\\.ts|kubernetes/)" },
      to: { path: "^responder/kubernetes/(client|exec)\\.ts$" },
    },
    {
      name: "actionners-do-not-know-each-other",
      severity: "error",
      from: { path: "^responder/actions/kubernetes/" },
      to: { path: "^responder/actions/(kubernetes/|catalogue\\.ts)" },
    },
    {
      name: "support-knows-no-suite",
      comment: "what suites and bench share stands below them",
      severity: "error",
      from: { path: "^test/support/" },
      to: { path: "^test/", pathNot: "^test/support/" },
    },
    {
      name: "no-support-from-tests",
      comment: "test/support/ is what suites and bench share",
      severity: "error",
      from: { path: "^(lab|cli|bench|tools)/" },
      to: { path: "^(test|docs)/", pathNot: "^test/support/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
