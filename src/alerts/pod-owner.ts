/** Characters that Kubernetes makes up names of (apimachinery, util/rand). */
const MADE_UP = '[bcdfghjklmnpqrstvwxz2456789]'
const OF_DEPLOYMENT = new RegExp(`^(.+)-${MADE_UP}{6,10}-${MADE_UP}{5}$`)

/** The Deployment of a pod, by the form of the names that a ReplicaSet gives; undefined for any other pod. */
export const deploymentOfPod = (pod: string): string | undefined => OF_DEPLOYMENT.exec(pod)?.[1]
