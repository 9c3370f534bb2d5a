/**
 * What Kubernetes allows things to be called. A name that an alert or another object holds is asked here where it is
 * read: what is no name can reach no path, selector or command.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */

/** Of a namespace: an RFC 1123 label. */
export function isNamespace(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

/** Of a pod, a node and most other objects: an RFC 1123 subdomain. */
export function isObjectName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}

/** Of a role or its binding: whatever can be one segment of a path, such as "system:node". */
export function isPathSegment(text: string): boolean {
  return text.length <= 253 && text !== "." && text !== ".." && /^[!-~]+$/.test(text) && !/[/%?#\\]/.test(text);
}

/** Of a container in a pod: an RFC 1123 label. */
export function isContainerName(text: string): boolean {
  return isNamespace(text);
}

/** An object's UID; also that of a static pod, which is a hash. */
export function isUid(text: string): boolean {
  return /^[0-9A-Za-z]([-0-9A-Za-z]{0,61}[0-9A-Za-z])?$/.test(text);
}

/** A container's id, or its first characters, as Falco gives it (12). */
export function isContainerId(text: string): boolean {
  return /^[0-9a-f]{12,64}$/.test(text);
}

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf("/");
  const name = text.slice(slash + 1);
  return (slash < 0 || isObjectName(text.slice(0, slash))) && name !== "" && isLabelValue(name);
}

export function isLabelValue(text: string): boolean {
  return text.length <= 63 && /^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$/.test(text);
}
