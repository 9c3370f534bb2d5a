/** A minor version of Kubernetes or Knative. */
export interface Minor {
  major: number;
  minor: number;
}

/**
 * The oldest Kubernetes that each minor version of Knative takes: `defaultMinimumVersion` in version/version.go of the
 * knative.dev/pkg that its releases are built with. Their webhooks end on an older one.
 * @see https://github.com/knative/pkg/blob/release-1.23/version/version.go
 */
const OLDEST_KUBERNETES: Readonly<Record<string, Minor>> = {
  "1.20": { major: 1, minor: 32 },
  "1.21": { major: 1, minor: 33 },
  "1.22": { major: 1, minor: 34 },
  "1.23": { major: 1, minor: 34 },
};

/**
 * The oldest Kubernetes that a version of Knative takes; of one that isn't in the table, what the newest that it knows
 * takes, or undefined where it is older than all of them.
 * @param knative such as "1.23.0"
 */
export function oldestKubernetes(knative: string): Minor | undefined {
  const wanted = minorOf(knative);
  if (!wanted) return undefined;
  const known = Object.entries(OLDEST_KUBERNETES).findLast(([version]) => {
    const minor = minorOf(version);
    return minor !== undefined && !isOlder(wanted, minor);
  });
  return known?.[1];
}

/** @param version such as "1.23.0", "v1.34.1-eks-1234" or "1.37"; undefined for anything else */
export function minorOf(version: string): Minor | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

export function isOlder(one: Minor, other: Minor): boolean {
  return one.major === other.major ? one.minor < other.minor : one.major < other.major;
}

export function textOf({ major, minor }: Minor): string {
  return `${major}.${minor}`;
}
