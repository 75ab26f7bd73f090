import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject, Labels } from '../mesh/objects.ts'
import { isDnsLabel } from '../mesh/names.ts'

/** Annotation of an object that a lease has made; its value is the lease's id. */
export const LEASE_ANNOTATION = 'mesh-medic/lease'
/** The version that is written and read: Istio serves it since 1.22. */
export const TELEMETRY_API = 'telemetry.istio.io/v1'
export const TELEMETRY_PATH = '/apis/telemetry.istio.io/v1'

/** What grants the bot the rights on such objects. */
export const ALLOWED_BY = 'ClusterRole mesh-medic-operator in deploy/manifests/operator.yaml'

/** Access logs that a Telemetry object turns on for the pods of one workload, and nothing else. */
export interface LentAccessLog {
  namespace: string
  /** Labels that the workload's pods have, and no others of the namespace. */
  selector: Labels
  /** A provider of the mesh configuration, or Istio's own `envoy`. */
  provider: string
}

/** A Telemetry object is named after its lease: no two leases share one, and none that a person named is taken for it. */
export const telemetryName = (lease: string): string => `mesh-medic-${lease}`

const LABEL_KEY = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/
const LABEL_VALUE = /^[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/
/** Names of providers are free text in Istio; what a person may have to read and compare is printable, and short. */
const PROVIDER = /^[\x21-\x7e]{1,100}$/

/** True for the name of a provider that may be written. */
export const isProviderName = (name: string): boolean => PROVIDER.test(name)

/** True for labels that Kubernetes allows on pods, and that name one value each. */
export const isSelector = (labels: Labels): boolean =>
  Object.keys(labels).length > 0 &&
  Object.entries(labels).every(([key, value]) => LABEL_KEY.test(key) && LABEL_VALUE.test(value))

/**
 * The whole object: nothing but access logs is in it, whatever was stored.
 * @throws TypeError for what Kubernetes would not take for names
 */
export function telemetryFor(lease: string, { namespace, selector, provider }: LentAccessLog): KubernetesObject {
  const name = telemetryName(lease)
  if (!isDnsLabel(name) || !isDnsLabel(namespace)) throw new TypeError(`${namespace}/${name} is no name of an object`)
  if (!isSelector(selector)) throw new TypeError(`${JSON.stringify(selector)} selects no workload`)
  if (!isProviderName(provider)) throw new TypeError(`${JSON.stringify(provider)} is no name of a provider`)
  return {
    apiVersion: TELEMETRY_API,
    kind: 'Telemetry',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'mesh-medic' },
      annotations: { [LEASE_ANNOTATION]: lease },
    },
    spec: {
      selector: { matchLabels: { ...selector } },
      accessLogging: [{ providers: [{ name: provider }], disabled: false }],
    },
  }
}

/**
 * True for the object that the lease has made, as it made it: its mark, its whole specification, and its UID where that is known.
 * @param uid absent while it is not known that it was made
 */
export function isLent(
  { metadata, spec }: KubernetesObject,
  lease: string,
  wanted: LentAccessLog,
  uid: string | undefined,
): boolean {
  return (
    metadata.annotations?.[LEASE_ANNOTATION] === lease &&
    (uid === undefined || uid === metadata.uid) &&
    isDeepStrictEqual(spec, telemetryFor(lease, wanted).spec)
  )
}
