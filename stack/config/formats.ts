import { HTTP_URL, NotAllowed, optional, text, type Format } from "../../responder/formats.ts";

/** A name of a Service, and of what becomes one. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export const LABEL = text(
  "a Kubernetes name: at most 63 lower-case letters, digits and dashes, starting with a letter and not ending with a dash",
  (value) => /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value),
);

/** Of a ConfigMap. */
const OBJECT_KEY = text('"NAMESPACE/NAME" of a ConfigMap', (value) =>
  /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-.a-z0-9]*$/.test(value),
);

/** Undefined where it is empty. */
export const OPTIONAL_OBJECT: Format<{ namespace: string; name: string } | undefined> = {
  ...optional(OBJECT_KEY),
  read: (value) => {
    const [namespace = "", name = ""] = optional(OBJECT_KEY).read(value)?.split("/") ?? [];
    return name === "" ? undefined : { namespace, name };
  },
};

/** @see https://knative.dev/docs/eventing/event-delivery/#configuring-channel-event-delivery */
export const DURATION = text('an ISO 8601 duration, such as "PT0.2S" or "PT1M"', (value) =>
  /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?$/.test(value),
);

export const TIME_LIMIT = narrowed(DURATION, "longer than none", (value) => /[1-9]/.test(value));

/** One that may be shown, and stand where others read it. */
export const OPEN_URL = narrowed(HTTP_URL, "without a user and password", (value) => {
  const { username, password } = new URL(value);
  return username === "" && password === "";
});

/** Where manifests are. `fetch` takes no URL with a password. */
export const ADDRESS_OR_FOLDER = text(
  "empty, a base URL starting with http:// or https:// without a user and password, or a folder",
  (value) => !value.includes("://") || isAllowed(OPEN_URL, value),
);

/** Of a Secret. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
export const OBJECT_NAME = text(
  "a Kubernetes name: at most 253 lower-case letters, digits, dashes and dots, with a letter or digit at either end",
  (value) => /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(value),
);

/**
 * RabbitMQ's class takes settings of a kind of its own (RabbitmqBrokerConfig), and hands every event to every Trigger,
 * so that responses would come back to the responder.
 */
export const BROKER_CLASS = text(
  "any text but an empty one, and not RabbitMQBroker: that class needs a RabbitmqBrokerConfig for its settings and " +
    "Triggers that carry out filters, and has no such; take a class that reads a ConfigMap and filters, such as Kafka " +
    "or, for development, MTChannelBasedBroker",
  (value) => value.trim() !== "" && value.trim() !== "RabbitMQBroker",
);

/** `HOST[:PORT]` of a registry. */
export const REGISTRY = text(
  'HOST or HOST:PORT, without scheme and path, such as "ghcr.io" or "localhost:5000"',
  (value) => /^[a-zA-Z0-9]([-.a-zA-Z0-9]*[a-zA-Z0-9])?(:\d{1,5})?$/.test(value),
);

const REPOSITORY_PATTERN = /[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*/.source;

/** A repository in a registry. */
export const REPOSITORY = text(
  'a repository in the registry, in lower case and without a tag, such as "acme/responder"',
  (value) => new RegExp(`^${REPOSITORY_PATTERN}$`).test(value),
);

const IMAGE_PATTERN = new RegExp(
  `^([-.a-zA-Z0-9]+(:\\d+)?/)?${REPOSITORY_PATTERN}(:\\w[-.\\w]{0,127})?(@sha256:[0-9a-f]{64})?$`,
);

/** @see https://pkg.go.dev/github.com/distribution/reference */
export const IMAGE = text("an image reference: REPOSITORY@sha256:DIGEST or REPOSITORY:TAG", (value) => {
  const [whole, , , tag, digest] = IMAGE_PATTERN.exec(value) ?? [];
  return whole !== undefined && (tag ?? digest) !== undefined;
});

export const VERSION = text('a version without a leading "v", such as "1.23.0"', (value) =>
  /^\d+\.\d+\.\d+([-+][-+.0-9A-Za-z]+)?$/.test(value),
);

/** @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export const QUANTITY = text(
  'a positive Kubernetes quantity, such as "100m", "0.5" or "128Mi"',
  (value) => amountOf(value) > 0,
);

export const ANY = text("any text", () => true);

export const NOT_EMPTY = text("any text but an empty one", (value) => value.trim() !== "");

const PEER_FIELDS = ["ipBlock", "namespaceSelector", "podSelector"];

/** Of a NetworkPolicy. An empty one would be everybody, where nobody means it. */
export const PEERS: Format<readonly Record<string, unknown>[]> = {
  type: "array",
  allowed: `a list, each item a NetworkPolicy's peer: a map with ${PEER_FIELDS.join(", ")}, or two of them`,
  read: (value) => {
    if (!Array.isArray(value)) throw new NotAllowed(value, PEERS.allowed);
    return value.map((one: unknown) => {
      const fields = typeof one === "object" && one !== null && !Array.isArray(one) ? Object.entries(one) : [];
      const fine =
        fields.length > 0 && fields.every(([name, field]) => PEER_FIELDS.includes(name) && isPlainMap(field));
      if (!fine) throw new NotAllowed(one, PEERS.allowed);
      return one as Record<string, unknown>;
    });
  },
};

function isPlainMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const MAP: Format<Record<string, unknown>> = {
  type: "object",
  allowed: "a map",
  read: (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new NotAllowed(value, MAP.allowed);
    return value as Record<string, unknown>;
  },
};

export function oneOf<T extends string>(...values: T[]): Format<T> {
  const allowed = `one of ${values.join(", ")}`;
  return {
    type: "string",
    allowed,
    read: (value) => {
      const found = values.find((known) => known === value);
      if (found === undefined) throw new NotAllowed(value, allowed);
      return found;
    },
  };
}

function narrowed(format: Format<string>, words: string, accepts: (value: string) => boolean): Format<string> {
  return text(`${format.allowed}, ${words}`, (value) => isAllowed(format, value) && accepts(value));
}

function isAllowed(format: Format<unknown>, value: string): boolean {
  try {
    format.read(value);
    return true;
  } catch (error) {
    if (error instanceof NotAllowed) return false;
    throw error;
  }
}

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
