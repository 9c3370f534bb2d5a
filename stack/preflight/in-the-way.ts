import type { Get } from "./cluster.ts";

/** An object that keeps Knative from being taken down. */
export interface InTheWay {
  /** As `kubectl` takes it, such as "triggers.eventing.knative.dev". */
  resource: string;
  /** Undefined where the resource has none. */
  namespace: string | undefined;
  name: string;
}

/** What Knative's own manifests put objects into; they go with these. */
const OWN_NAMESPACES = ["knative-serving", "knative-eventing", "kourier-system"];
const PART_OF_STACK = ["app.kubernetes.io/part-of", "response-engine"] as const;
/** Of a list, at a time. */
const PAGE = 500;

interface ApiResource {
  name: string;
  namespaced: boolean;
  verbs: string[];
}

interface Item {
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; ownerReferences?: unknown[] };
  spec?: { broker?: unknown };
}

interface Listed {
  resource: string;
  item: Item;
}

/**
 * The objects of Knative's kinds in the cluster that the stack didn't make. Knative's controllers have to let go of them;
 * once these are gone, nobody does, and the kinds' definitions never end. What another object owns goes with its owner.
 * @throws Error saying why the cluster can't be asked
 */
export async function inTheWay(get: Get): Promise<InTheWay[]> {
  const { groups } = (await get("/apis")) as { groups: { name: string; preferredVersion: { groupVersion: string } }[] };
  const lists = groups
    .filter(({ name }) => name.endsWith(".knative.dev"))
    .map(async ({ name, preferredVersion: { groupVersion } }) => {
      const { resources } = (await get(`/apis/${groupVersion}`)) as { resources: ApiResource[] };
      // a subresource has none to list
      const listed = resources.filter(({ verbs }) => verbs.includes("list") && verbs.includes("delete"));
      return await Promise.all(
        listed.map(async (one) =>
          (await itemsOf(get, `/apis/${groupVersion}/${one.name}`)).map((item) => ({
            resource: `${one.name}.${name}`,
            item,
          })),
        ),
      );
    });
  const all = (await Promise.all(lists)).flat(2);
  const brokers = brokersOfStack(all);
  return all
    .filter((one) => !isOfStack(one, brokers) && !(one.item.metadata.ownerReferences ?? []).length)
    .filter(({ item: { metadata } }) => !OWN_NAMESPACES.includes(metadata.namespace ?? ""))
    .map(({ resource, item: { metadata } }) => ({ resource, namespace: metadata.namespace, name: metadata.name }));
}

async function itemsOf(get: Get, path: string): Promise<Item[]> {
  const items: Item[] = [];
  let next = "";
  do {
    const from = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
    const page = (await get(`${path}?limit=${PAGE}${from}`)) as { items: Item[]; metadata?: { continue?: string } };
    items.push(...page.items);
    next = page.metadata?.continue ?? "";
  } while (next !== "");
  return items;
}

function hasLabel({ metadata: { labels = {} } }: Item): boolean {
  const [label, value] = PART_OF_STACK;
  return labels[label] === value;
}

/** The Broker has no label of the stack's, but its Triggers name it. */
function brokersOfStack(all: readonly Listed[]): ReadonlySet<string> {
  const triggers = all.filter(({ resource, item }) => resource === "triggers.eventing.knative.dev" && hasLabel(item));
  return new Set(
    triggers.map(({ item: { metadata, spec } }) => `${String(metadata.namespace)}/${String(spec?.broker)}`),
  );
}

function isOfStack({ resource, item }: Listed, brokers: ReadonlySet<string>): boolean {
  const { namespace, name } = item.metadata;
  const isBroker = resource === "brokers.eventing.knative.dev" && brokers.has(`${String(namespace)}/${name}`);
  return isBroker || hasLabel(item);
}
