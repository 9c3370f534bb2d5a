import { amountOf } from "./formats.ts";
import { isSameRegistry, registryOf } from "./registry.ts";
import { KEYS, type Key, type Read } from "./settings.ts";

/** What can't be told of a key by itself. */
export interface Check {
  /** To blame. */
  key: Key;
  /** Looked at beside it; where one of them can't be used, nothing is said. */
  beside: readonly Key[];
  /** What the key takes beside them, for the message; undefined where its value is fine. */
  wish: (config: Read<typeof KEYS>) => string | undefined;
}

const { broker, falco, image, responder } = KEYS;
const { scale } = responder;
const { requests, limits } = responder.resources;

export const CHECKS: readonly Check[] = [
  {
    key: falco.namespace,
    beside: [broker.namespace],
    wish: (config) =>
      unless(config.falco.namespace !== config.broker.namespace, `a namespace other than ${broker.namespace.key}`),
  },
  {
    key: image.registry,
    beside: [image.reference],
    wish: ({ image: { reference, registry } }) =>
      unless(
        reference ?? registry,
        `the registry to push the responder's image to, such as "localhost:5000"; or set ${image.reference.key} to a ready image, and nothing is built`,
      ),
  },
  {
    key: image.registry,
    beside: [image.reference, image.username],
    wish: ({ image: { reference, registry, username } }) => {
      if (reference === undefined || username === undefined) return undefined;
      const wanted = registryOf(reference);
      return unless(
        registry !== undefined && isSameRegistry(registry, wanted),
        `"${wanted}", the registry of ${image.reference.key}, which ${image.username.key} and ${image.password.key} are for; ` +
          "or unset these, where no user is needed to pull it",
      );
    },
  },
  {
    key: image.password,
    beside: [image.username],
    wish: ({ image: { username, password } }) =>
      unless(password ?? !username, `the password of ${image.username.key} (set it with --secret)`),
  },
  {
    key: image.username,
    beside: [image.password],
    wish: ({ image: { username, password } }) =>
      unless(username ?? !password, `the user that ${image.password.key} belongs to`),
  },
  {
    key: scale.min,
    beside: [scale.max],
    wish: ({
      responder: {
        scale: { min, max },
      },
    }) => unless(max === 0 || min <= max, `at most ${scale.max.key}, which is ${max}`),
  },
  ...(["cpu", "memory"] as const).map((resource): Check => ({
    key: requests[resource],
    beside: [limits[resource]],
    wish: ({ responder: { resources } }) => {
      const limit = resources.limits[resource];
      const fits = amountOf(resources.requests[resource]) <= amountOf(limit);
      return unless(fits, `at most ${limits[resource].key}, which is ${limit}`);
    },
  })),
];

function unless(fine: unknown, wish: string): string | undefined {
  return fine ? undefined : wish;
}
