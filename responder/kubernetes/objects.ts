/** Of the objects that actions look at, the parts they look at; what a peer made of the others is never asked. */

export interface Metadata {
  name?: string;
  namespace?: string;
  uid?: string;
  creationTimestamp?: string;
  /** Since when it is being deleted. */
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  /** What has to be seen to before it can go. */
  finalizers?: readonly string[];
  resourceVersion?: string;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  ownerReferences?: readonly OwnerReference[];
}

interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface KubernetesObject {
  metadata?: Metadata;
}
