import * as pulumi from "@pulumi/pulumi";

/** A JSON object, in which Pulumi's secrets may still be wrapped. */
export type Json = Record<string, unknown>;

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSecret(value: unknown): value is { value: unknown } {
  return isJson(value) && value[pulumi.runtime.specialSigKey] === pulumi.runtime.specialSecretSig;
}

/** As Pulumi passes secrets over the wire, and encrypts them in the state. */
function secret(value: unknown): Json {
  return { [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig, value };
}

/** The value without the wrapping of secrets in it. */
export function reveal(value: unknown): unknown {
  if (isSecret(value)) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  return isJson(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item)])) : value;
}

/** To the engine as to Kubernetes, a field that is null is one that is not there. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJson(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}

/** What `live` has in the places that `inputs` speaks of: the inputs again, unless someone else changed them. */
export function projected(live: unknown, inputs: unknown): unknown {
  if (isSecret(inputs)) return secret(projected(live, inputs.value));
  if (Array.isArray(live) && Array.isArray(inputs) && live.length === inputs.length) {
    return live.map((item, index) => projected(item, inputs[index]));
  }
  if (!isJson(live) || !isJson(inputs)) return live;
  return Object.fromEntries(
    Object.entries(inputs)
      .filter(([key]) => key in live)
      .map(([key, item]) => [key, projected(live[key], item)]),
  );
}

/** The JSON merge patch (RFC 7386) that makes one object the other. */
export function mergePatch(from: Json, to: Json): Json {
  const patch: Json = {};
  for (const key of Object.keys(from)) if (!(key in to)) patch[key] = null;
  for (const [key, value] of Object.entries(to)) {
    const before = from[key];
    if (isJson(before) && isJson(value)) {
      const inner = mergePatch(before, value);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!same(before, value)) patch[key] = value;
  }
  return patch;
}

/** Dotted paths of the fields in which two objects differ. */
export function differences(one: unknown, other: unknown, path: string[] = []): string[] {
  if (isJson(one) && isJson(other)) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].flatMap((key) => differences(one[key], other[key], [...path, key]));
  }
  return same(one, other) ? [] : [path.join(".")];
}

export function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => same(item, other[index]));
  if (isJson(one) && isJson(other)) return differences(one, other).length === 0;
  return one === other;
}
