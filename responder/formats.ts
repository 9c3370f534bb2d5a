/** What a value has to be, in the words of messages and documentation, and how it is read. */
export interface Format<T> {
  /** As Pulumi.yaml calls it. */
  type: "string" | "boolean" | "integer" | "array" | "object";
  allowed: string;
  /**
   * @param value a text; of a list or a map, the list or map
   * @throws {NotAllowed}
   */
  read: (value: unknown) => T;
}

/** The message says what the value is and what is allowed; whose it is, the reader knows. */
export class NotAllowed extends Error {
  override name = "NotAllowed";

  constructor(value: unknown, allowed: string) {
    super(`${shown(value)} is not allowed; it takes ${allowed}`);
  }
}

/** A value in a message: in quotes, and without the password that a URL may hold. */
function shown(value: unknown): string {
  const text = typeof value === "string" || value === undefined ? `"${value ?? ""}"` : JSON.stringify(value);
  return text.replace(/\/\/[^/"]*@/g, "//…@");
}

export function text(allowed: string, accepts: (value: string) => boolean): Format<string> {
  return {
    type: "string",
    allowed,
    read: (value) => {
      if (typeof value !== "string" || !accepts(value)) throw new NotAllowed(value, allowed);
      return value;
    },
  };
}

export function integer(least: number, most: number, what = "a whole number"): Format<number> {
  const allowed = `${what} from ${least} to ${most}`;
  return {
    type: "integer",
    allowed,
    read: (value) => {
      const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : NaN;
      if (!(number >= least && number <= most)) throw new NotAllowed(value, allowed);
      return number;
    },
  };
}

export const FLAG: Format<boolean> = {
  type: "boolean",
  allowed: "true or false",
  read: (value) => {
    if (value !== "true" && value !== "false") throw new NotAllowed(value, FLAG.allowed);
    return value === "true";
  },
};

/** Undefined where it is empty. */
export function optional<T>(format: Format<T>): Format<T | undefined> {
  const allowed = `empty, or ${format.allowed}`;
  return {
    type: format.type,
    allowed,
    read: (value) => {
      if (value === "") return undefined;
      try {
        return format.read(value);
      } catch (error) {
        throw error instanceof NotAllowed ? new NotAllowed(value, allowed) : error;
      }
    },
  };
}

/** @param least how many there have to be */
export function list(item: Format<string>, least = 0): Format<readonly string[]> {
  const allowed = `a list${least > 0 ? ` of ${least} or more` : ""}, each item ${item.allowed}`;
  return {
    type: "array",
    allowed,
    read: (value) => {
      if (!Array.isArray(value) || value.length < least) throw new NotAllowed(value, allowed);
      return value.map((one: unknown) => {
        try {
          return item.read(one);
        } catch (error) {
          throw error instanceof NotAllowed ? new NotAllowed(one, allowed) : error;
        }
      });
    },
  };
}

export const HTTP_URL = text(
  "an absolute http:// or https:// URL",
  (value) => /^https?:\/\//.test(value) && URL.canParse(value),
);

/**
 * A key that alerts carry: no comma, colon or space, between which falcosidekick's CLOUDEVENTS_EXTENSIONS has its
 * entries, and nothing that a header would have to escape.
 */
export const ALERT_KEY = text("16 to 512 letters, digits and any of - _ . ~ + / =", (value) =>
  /^[-\w.~+/=]{16,512}$/.test(value),
);

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
export const NAMESPACE = text(
  "a Kubernetes name: at most 63 lower-case letters, digits and dashes, with a letter or digit at either end",
  (value) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value),
);

/** An object of a namespace; as a text it is NAMESPACE/NAME. */
export interface NamespacedName {
  namespace: string;
  name: string;
}

const NAMESPACED_NAME = text("NAMESPACE/NAME", (value) =>
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(value),
);

export const NAMESPACED_NAMES: Format<readonly NamespacedName[]> = {
  ...list(NAMESPACED_NAME),
  read: (value) =>
    list(NAMESPACED_NAME)
      .read(value)
      .map((one) => {
        const [namespace = "", name = ""] = one.split("/");
        return { namespace, name };
      }),
};

/** As `NAMESPACED_NAMES` reads it. */
export function namespacedNameOf({ namespace, name }: NamespacedName): string {
  return `${namespace}/${name}`;
}
