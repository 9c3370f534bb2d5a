/** What Kubernetes makes random suffixes of. @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go */
const RANDOM = "[bcdfghjklmnpqrstvwxz2456789]";

/** Of a Deployment's pods, a CronJob's, those of a DaemonSet or Job, and a StatefulSet's. */
const SUFFIX = new RegExp(`-(?:(?:${RANDOM}{6,10}|\\d{8,10})-${RANDOM}{5}|${RANDOM}{5}|\\d{1,4})$`);

/** The workload that a pod seems to belong to: its name without what Kubernetes puts behind its workload's. */
export function workloadNamed(pod: string): string {
  return pod.replace(SUFFIX, "");
}
