/**
 * Users whose passwords are tokens that end after some hours: Amazon ECR's, Google Artifact Registry's and Azure
 * Container Registry's.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 * @see https://cloud.google.com/artifact-registry/docs/docker/authentication#token
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-authentication
 */
const PASSING = ["AWS", "oauth2accesstoken", "00000000-0000-0000-0000-000000000000"];

/** Whether the registry user's password is one that ends after some hours. */
export function isPassing(username: string): boolean {
  return PASSING.includes(username);
}

/** Under which of its names Docker's registry is asked for is of no account. */
const DOCKER_HUB = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/**
 * The registry that an image reference names, HOST[:PORT]; "docker.io" where it names none.
 * @see https://pkg.go.dev/github.com/distribution/reference#ParseNormalizedNamed
 */
export function registryOf(reference: string): string {
  const [first = "", ...path] = reference.split("/");
  return path.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
}

export function isSameRegistry(one: string, other: string): boolean {
  const hub = [one, other].every((registry) => DOCKER_HUB.includes(registry));
  return hub || one.toLowerCase() === other.toLowerCase();
}
