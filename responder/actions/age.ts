/**
 * Whether an object was made after an alert was raised, and so isn't the one that the alert is about; undefined where
 * nobody can know. The API keeps whole seconds.
 * @param raisedAt milliseconds since 1970
 */
export function isYounger(
  object: { metadata?: { creationTimestamp?: unknown } },
  raisedAt: number | undefined,
): boolean | undefined {
  const created = object.metadata?.creationTimestamp;
  const createdAt = typeof created === "string" ? Date.parse(created) : NaN;
  if (raisedAt === undefined || Number.isNaN(raisedAt) || Number.isNaN(createdAt)) return undefined;
  return createdAt > raisedAt;
}
