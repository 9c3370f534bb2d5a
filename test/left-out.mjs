// `npm test` runs what needs no cluster, no engine and no Docker; this names the rest.
console.log(`Left out, because they run the real parts (built once, into a cache outside this folder):
  npm run test:engine    the program under the real Pulumi engine
  npm run test:cluster   the responder and the program's objects against a real Kubernetes control plane
  npm run test:image     a real build of the responder's image`);
