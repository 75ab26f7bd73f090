/** Names one object of the cluster: `VirtualService istioinaction/catalog-v1-v2`. */
export interface Ref {
  kind: string
  /** Absent for cluster-scoped objects. */
  namespace?: string
  name: string
}

/** `Kind namespace/name`, or `Kind name` for a cluster-scoped object. */
export function formatRef(ref: Ref): string {
  return ref.namespace === undefined ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`
}

/** Orders by kind, namespace, name. */
export function compareRefs(a: Ref, b: Ref): number {
  return formatRef(a).localeCompare(formatRef(b), 'en')
}

/** True when both name the same object. */
export function sameRef(a: Ref, b: Ref): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name
}

/** Each object once, in the order they were first named. */
export function uniqueRefs(refs: readonly Ref[]): Ref[] {
  const known = new Set<string>()
  return refs.filter((ref) => {
    const name = formatRef(ref)
    return !known.has(name) && known.add(name)
  })
}
