import { changedAt, refOf, type KubernetesObject } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { healthPath, validationsPath } from '../clients/kiali.ts'
import { UnseenError, type Clients, type Kiali } from '../clients/clients.ts'
import type { KialiObjects, KialiValidations } from '../kiali.ts'
import { withoutSecrets } from '../redaction.ts'
import type { Step } from '../step.ts'

/** Milliseconds within which Kiali validates again, by default (its `validation_reconcile_interval`). */
const VALIDATES_WITHIN = 60_000

const asked = ({ kiali }: Clients): Kiali => {
  if (kiali === undefined) throw new UnseenError('unavailable', 'no Kiali is configured (KIALI_URL)')
  return kiali
}
const command = (path: string): string => `curl --oauth2-bearer "$KIALI_TOKEN" "$KIALI_URL${path}"`

/** What Kiali calls an object: before Kiali 2 kinds had no capitals, and the kind of all workloads is `workload`. */
const nameOf = ({ kind, namespace = '', name }: Ref): string =>
  `${(WORKLOADS.has(kind) ? 'workload' : kind).toLowerCase()} ${namespace}/${name}`
const WORKLOADS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod'])

/** Asks Kiali what it holds against some objects of a namespace. */
export function kialiValidations(
  namespace: string,
  objects: readonly KubernetesObject[],
  workloads: readonly Ref[],
): Step<'kiali-validations'> {
  return {
    id: `kiali-validations ${namespace}`,
    kind: 'kiali-validations',
    of: { kind: 'Namespace', name: namespace },
    group: 'objects',
    title: `Kiali's validations in ${namespace}`,
    source: command(validationsPath(namespace)),
    async collect(clients, signal) {
      const told = withoutSecrets(await asked(clients).validations(namespace, signal))
      return aboutThese(namespace, told, objects, workloads, clients.now().getTime())
    },
  }
}

/** Of what Kiali tells of a namespace, what is about some objects as they are now. */
function aboutThese(
  namespace: string,
  { validations, objects: known }: KialiObjects,
  objects: readonly KubernetesObject[],
  workloads: readonly Ref[],
  now: number,
): KialiValidations {
  const generations = new Map(known.map(({ of, generation }) => [nameOf(of), generation]))
  const refs = new Map(workloads.map((ref) => [nameOf(ref), ref]))
  const outdated: KialiValidations['outdated'] = []
  for (const object of objects) {
    const of = refOf(object)
    const says = whyOutdated(object, generations.get(nameOf(of)), now)
    if (says === undefined) refs.set(nameOf(of), of)
    else outdated.push({ of, says })
  }
  return {
    namespace,
    // By our names of them, so that they can be held against other findings.
    validations: validations.flatMap((one) => {
      const of = refs.get(nameOf(one.of))
      return of === undefined ? [] : [{ ...one, of }]
    }),
    outdated,
  }
}

function whyOutdated(object: KubernetesObject, known: number | undefined, now: number): string | undefined {
  const { generation } = object.metadata
  if (known !== undefined && generation !== undefined && known < generation)
    return `Kiali knows generation ${known}, and generation ${generation} is in force`
  const changed = changedAt(object)
  return changed !== undefined && now - changed < VALIDATES_WITHIN
    ? `it was changed ${Math.max(0, Math.round((now - changed) / 1000))} s before, and Kiali validates about once a minute`
    : undefined
}

/** Asks Kiali for the health of a namespace's applications. */
export function kialiHealth(namespace: string): Step<'kiali-health'> {
  return {
    id: `kiali-health ${namespace}`,
    kind: 'kiali-health',
    of: { kind: 'Namespace', name: namespace },
    group: 'traffic',
    title: `Kiali's health of ${namespace}`,
    source: command(healthPath(namespace)),
    collect: async (clients, signal) => ({
      namespace,
      apps: withoutSecrets(await asked(clients).health(namespace, signal)),
    }),
  }
}
