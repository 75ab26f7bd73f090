import { clusterDomainOf } from '../mesh/cluster-domain.ts'
import { CLUSTER_DOMAIN } from '../mesh/host.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { inDomain, refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { sameRef } from '../mesh/ref.ts'
import type { Blind, EvidenceKind, ObjectEvidence, ObjectKind, Reading, Seen } from './reading.ts'

/** Kinds of objects that name Services, or are Services: what they mean depends on the domain of the cluster. */
const WITH_HOSTS: ReadonlySet<EvidenceKind> = new Set<EvidenceKind>([
  'services',
  'virtual-services',
  'destination-rules',
])

/** All that was looked at in one diagnosis; what checks read from. */
export class Evidence {
  readonly readings: readonly Reading[]
  /** The DNS domain that the cluster's Services live under. */
  readonly clusterDomain: string
  private readonly byKind = new Map<EvidenceKind, Reading[]>()

  constructor(readings: readonly Reading[]) {
    const pods = readings.flatMap((reading) => (reading.kind === 'pods' && reading.ok ? reading.value : []))
    this.clusterDomain = clusterDomainOf(pods) ?? CLUSTER_DOMAIN
    this.readings =
      this.clusterDomain === CLUSTER_DOMAIN ? readings : readings.map((reading) => placed(reading, this.clusterDomain))
    for (const reading of this.readings) {
      const list = this.byKind.get(reading.kind)
      if (list === undefined) this.byKind.set(reading.kind, [reading])
      else list.push(reading)
    }
  }

  /** Every reading of a kind that succeeded. */
  seen<K extends EvidenceKind>(kind: K): Seen<K>[] {
    return (this.byKind.get(kind) ?? []).filter((reading) => reading.ok) as unknown as Seen<K>[]
  }

  /** Every reading of a kind that failed. */
  blind(kind: EvidenceKind): Blind[] {
    return (this.byKind.get(kind) ?? []).filter((reading): reading is Blind => !reading.ok)
  }

  /** The reading of a kind of one pod; undefined when there is none or it failed. */
  seenOf<K extends EvidenceKind>(kind: K, of: Ref): Seen<K> | undefined {
    return this.seen(kind).find((reading) => reading.of !== undefined && sameRef(reading.of, of))
  }

  /** Every object of a kind, each once, with the reading that holds it. */
  found<K extends ObjectKind>(kind: K): { object: ObjectEvidence[K][number]; reading: Seen<K> }[] {
    const known = new Set<string>()
    return this.seen(kind).flatMap((reading) =>
      (reading.value as ObjectEvidence[K]).flatMap((object) => {
        const { namespace = '', name } = refOf(object)
        const key = `${namespace}/${name}`
        if (known.has(key)) return []
        known.add(key)
        return [{ object, reading }]
      }),
    )
  }

  /** Every object of a kind, each once. */
  objects<K extends ObjectKind>(kind: K): ObjectEvidence[K][number][] {
    return this.found(kind).map(({ object }) => object)
  }

  /** One object by namespace and name. */
  object<K extends ObjectKind>(kind: K, namespace: string, name: string): ObjectEvidence[K][number] | undefined {
    return this.objects(kind).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  }
}

/** A reading whose objects know the domain of their cluster. */
function placed(reading: Reading, domain: string): Reading {
  if (!reading.ok || !WITH_HOSTS.has(reading.kind)) return reading
  return {
    ...reading,
    value: (reading.value as KubernetesObject[]).map((object) => ({ ...object, [inDomain]: domain })),
  } as Reading
}
