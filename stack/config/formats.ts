/** What a configuration value has to look like: a test, and the words for the error message. */
export interface Format {
  allowed: string;
  accepts: (value: string) => boolean;
}

/** A name of a Namespace or Service. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export const LABEL: Format = {
  allowed:
    "a Kubernetes name: at most 63 lower-case letters, digits and dashes, starting with a letter and not ending with a dash",
  accepts: (value) => /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value),
};

/** "namespace/name" of an object, or nothing. */
export const OBJECT_KEY: Format = {
  allowed: 'empty, or "NAMESPACE/NAME" of a ConfigMap',
  accepts: (value) => value === "" || /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-.a-z0-9]*$/.test(value),
};

/** @see https://knative.dev/docs/eventing/event-delivery/#configuring-channel-event-delivery */
export const DURATION: Format = {
  allowed: 'an ISO 8601 duration, such as "PT0.2S" or "PT1M"',
  accepts: (value) => /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?$/.test(value),
};

export const HTTP_URL: Format = {
  allowed: "an absolute http:// or https:// URL",
  accepts: (value) => /^https?:\/\//.test(value) && URL.canParse(value),
};

/** `HOST[:PORT]` of a registry. */
export const REGISTRY: Format = {
  allowed: 'HOST or HOST:PORT, without scheme and path, such as "ghcr.io" or "localhost:5000"',
  accepts: (value) => /^[a-zA-Z0-9]([-.a-zA-Z0-9]*[a-zA-Z0-9])?(:\d{1,5})?$/.test(value),
};

const REPOSITORY_PATTERN = /[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*/.source;

/** A repository in a registry. */
export const REPOSITORY: Format = {
  allowed: 'a repository in the registry, in lower case and without a tag, such as "acme/responder"',
  accepts: (value) => new RegExp(`^${REPOSITORY_PATTERN}$`).test(value),
};

/** @see https://pkg.go.dev/github.com/distribution/reference */
export const IMAGE: Format = {
  allowed: "an image reference: REPOSITORY@sha256:DIGEST or REPOSITORY:TAG",
  accepts: (value) =>
    new RegExp(`^([-.a-zA-Z0-9]+(:\\d+)?/)?${REPOSITORY_PATTERN}(:\\w[-.\\w]{0,127})?(@sha256:[0-9a-f]{64})?$`).test(
      value,
    ),
};

export const VERSION: Format = {
  allowed: 'a version without a leading "v", such as "1.23.0"',
  accepts: (value) => /^\d+\.\d+\.\d+([-+][-+.0-9A-Za-z]+)?$/.test(value),
};

/** @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export const QUANTITY: Format = {
  allowed: 'a positive Kubernetes quantity, such as "100m", "0.5" or "128Mi"',
  accepts: (value) => amountOf(value) > 0,
};

const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity as a number of its base unit (cores, bytes); NaN for anything else. */
export function amountOf(quantity: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(quantity) ?? [];
  return Number(digits) * (UNITS[unit] ?? NaN);
}

export function oneOf(...values: string[]): Format {
  return { allowed: `one of ${values.join(", ")}`, accepts: (value) => values.includes(value) };
}

export function optional(format: Format): Format {
  return { allowed: `empty, or ${format.allowed}`, accepts: (value) => value === "" || format.accepts(value) };
}

export const NOT_EMPTY: Format = { allowed: "any text but an empty one", accepts: (value) => value.trim() !== "" };
