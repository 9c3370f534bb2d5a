/** What one action asks of the Kubernetes API: one resource of one group, and what it does with it. */
export interface Permission {
  apiGroup: string;
  resource: string;
  verbs: readonly string[];
}
