import { clusterDomainOf } from '../mesh/cluster-domain.ts'
import { CLUSTER_DOMAIN } from '../mesh/host.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { inDomain } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Blind, EvidenceKind, ObjectEvidence, ObjectKind, Reading, Seen } from './reading.ts'

/** Kinds of objects that name Services, or are Services: what they mean depends on the domain of the cluster. */
const WITH_HOSTS: ReadonlySet<EvidenceKind> = new Set<EvidenceKind>([
  'services',
  'virtual-services',
  'destination-rules',
])

/** An object with the reading that holds it. */
export interface FoundObject<K extends ObjectKind = ObjectKind> {
  object: ObjectEvidence[K][number]
  reading: Seen<K>
}

/** What was read of one kind, in the ways it is asked for; each list is made once. */
export class KindIndex {
  readonly seen: Seen[] = []
  readonly blind: Blind[] = []
  private byRef: ReadonlyMap<string, Seen> | undefined
  private objectsOnce:
    { found: FoundObject[]; list: KubernetesObject[]; byName: Map<string, KubernetesObject> } | undefined

  add(reading: Reading): void {
    if (reading.ok) this.seen.push(reading)
    else this.blind.push(reading)
  }

  /** True when the other holds the same readings. */
  isOf({ seen, blind }: KindIndex): boolean {
    return (
      seen.length === this.seen.length &&
      blind.length === this.blind.length &&
      seen.every((reading, at) => reading === this.seen[at]) &&
      blind.every((reading, at) => reading === this.blind[at])
    )
  }

  seenOf(of: Ref): Seen | undefined {
    if (this.byRef === undefined) {
      const byRef = new Map<string, Seen>()
      for (const reading of this.seen) {
        const key = reading.of === undefined ? undefined : formatRef(reading.of)
        if (key !== undefined && !byRef.has(key)) byRef.set(key, reading)
      }
      this.byRef = byRef
    }
    return this.byRef.get(formatRef(of))
  }

  get objects(): NonNullable<KindIndex['objectsOnce']> {
    if (this.objectsOnce !== undefined) return this.objectsOnce
    const found: FoundObject[] = []
    const byName = new Map<string, KubernetesObject>()
    for (const reading of this.seen as Seen<ObjectKind>[]) {
      for (const object of reading.value as ObjectEvidence[ObjectKind][number][]) {
        const key = nameKey(object.metadata.namespace ?? '', object.metadata.name)
        if (byName.has(key)) continue
        byName.set(key, object)
        found.push({ object, reading })
      }
    }
    this.objectsOnce = { found, list: found.map(({ object }) => object), byName }
    return this.objectsOnce
  }
}

const nameKey = (namespace: string, name: string): string => `${namespace}/${name}`
const NOTHING = new KindIndex()

/** All that was looked at in one diagnosis; what checks read from. It does not change: what is derived from it may be kept (`checks/facts/fact.ts`). */
export class Evidence {
  readonly readings: readonly Reading[]
  /** The DNS domain that the cluster's Services live under. */
  readonly clusterDomain: string
  private readonly byKind = new Map<EvidenceKind, KindIndex>()

  /** @param before what was known earlier of the same mesh: what was derived from kinds that were not read again is taken over */
  constructor(readings: readonly Reading[], before?: Evidence) {
    const pods = readings.flatMap((reading) => (reading.kind === 'pods' && reading.ok ? reading.value : []))
    this.clusterDomain = clusterDomainOf(pods) ?? CLUSTER_DOMAIN
    // A copy: whoever gathers goes on adding to the list.
    this.readings =
      this.clusterDomain === CLUSTER_DOMAIN
        ? [...readings]
        : readings.map((reading) => placed(reading, this.clusterDomain))
    for (const reading of this.readings) {
      let index = this.byKind.get(reading.kind)
      if (index === undefined) this.byKind.set(reading.kind, (index = new KindIndex()))
      index.add(reading)
    }
    for (const [kind, index] of this.byKind) {
      const known = before?.byKind.get(kind)
      if (known?.isOf(index) === true) this.byKind.set(kind, known)
    }
  }

  /** The one way to what was read of a kind. */
  protected index(kind: EvidenceKind): KindIndex {
    return this.byKind.get(kind) ?? NOTHING
  }

  /** What stands for all readings of a kind: the same object as long as none is added. Undefined when there is none. */
  whatWasRead(kind: EvidenceKind): object | undefined {
    return this.byKind.get(kind)
  }

  /** Every reading of a kind that succeeded. */
  seen<K extends EvidenceKind>(kind: K): readonly Seen<K>[] {
    return this.index(kind).seen as unknown as readonly Seen<K>[]
  }

  /** Every reading of a kind that failed. */
  blind(kind: EvidenceKind): readonly Blind[] {
    return this.index(kind).blind
  }

  /** The reading of a kind of one pod; undefined when there is none or it failed. */
  seenOf<K extends EvidenceKind>(kind: K, of: Ref): Seen<K> | undefined {
    return this.index(kind).seenOf(of) as Seen<K> | undefined
  }

  /** Every object of a kind, each once, with the reading that holds it. */
  found<K extends ObjectKind>(kind: K): readonly FoundObject<K>[] {
    return this.index(kind).objects.found as unknown as readonly FoundObject<K>[]
  }

  /** Every object of a kind, each once. */
  objects<K extends ObjectKind>(kind: K): readonly ObjectEvidence[K][number][] {
    return this.index(kind).objects.list
  }

  /** One object by namespace and name. */
  object<K extends ObjectKind>(kind: K, namespace: string, name: string): ObjectEvidence[K][number] | undefined {
    const object = this.index(kind).objects.byName.get(nameKey(namespace, name))
    return object?.metadata.namespace === namespace ? object : undefined
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
