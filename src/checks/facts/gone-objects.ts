import type { Evidence } from '../../evidence/evidence.ts'
import type { ObjectKind, Seen } from '../../evidence/reading.ts'
import type { Proof } from '../check.ts'
import { proof } from '../check.ts'
import { isGeneratedName } from '../../mesh/envoy.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import { once } from './fact.ts'

/** An object that istiod told its proxies of, and that is there no more. */
export interface GoneObject {
  ref: Ref
  /** When istiod told of it last (milliseconds since the epoch). */
  at: number
  because: Proof
}

/** The kinds that istiod calls by the names of objects; a Service and a ServiceEntry it calls by their hosts. */
const KINDS: Readonly<Record<string, ObjectKind>> = {
  AuthorizationPolicy: 'authorization-policies',
  DestinationRule: 'destination-rules',
  EnvoyFilter: 'envoy-filters',
  Gateway: 'gateways',
  HTTPRoute: 'http-routes',
  PeerAuthentication: 'peer-authentications',
  RequestAuthentication: 'request-authentications',
  Service: 'services',
  Sidecar: 'sidecars',
  VirtualService: 'virtual-services',
}

/** The object that istiod means. */
const meant = (kind: string, namespace: string, name: string, { clusterDomain }: Evidence): Ref | undefined => {
  const service = `.${namespace}.svc.${clusterDomain}`
  if (kind === 'ServiceEntry')
    return name.endsWith(service) ? { kind: 'Service', namespace, name: name.slice(0, -service.length) } : undefined
  return isGeneratedName(name) ? undefined : { kind, namespace, name }
}

/** Objects that were deleted lately, as far as istiod's log names them; where it was not read, none. */
export const goneObjects = once((evidence: Evidence): readonly GoneObject[] => {
  const last = new Map<string, GoneObject>()
  for (const reading of evidence.seen('istiod-pushes'))
    for (const { at, kind, namespace, name } of reading.value) {
      const ref = meant(kind, namespace, name, evidence)
      const objects = ref === undefined ? undefined : KINDS[ref.kind]
      if (ref === undefined || objects === undefined || evidence.seen(objects).length === 0) continue
      if (evidence.object(objects, namespace, ref.name) !== undefined) continue
      const moment = Date.parse(at)
      if ((last.get(formatRef(ref))?.at ?? 0) <= moment)
        last.set(formatRef(ref), { ref, at: moment, because: told(reading, ref, at) })
    }
  return [...last.values()]
})

const told = (reading: Seen<'istiod-pushes'>, ref: Ref, at: string): Proof =>
  proof(
    reading,
    `istiod told its proxies of a change of ${formatRef(ref)}, which is there no more`,
    `${at} ${formatRef(ref)}`,
  )

/** Milliseconds by which the clocks of two logs, and the seconds in which Kubernetes notes changes, may differ. */
const CLOCK = 1_500
/** Milliseconds in which a change comes to a proxy, and after which no connection from before is judged by what was there then. */
const PUSHED = 3_000
const DRAINED = 60_000
/** Failures that tell that requests fail. */
const ENOUGH = 3

/** What came of a request, and when (milliseconds since the epoch). */
export interface Outcome {
  at: number
  isAnswered: boolean
  /** True when it went over a connection from before a moment, so that what was there then may have judged it. */
  isOver?(moment: number): boolean
}

/**
 * When requests began to fail that were answered in a row before (milliseconds since the epoch): from then on they fail, but for those over connections from before;
 * undefined when they do not.
 *
 * @param inRow answered before, one after the other
 * @param failing since
 */
export function onsetOf(outcomes: readonly Outcome[], inRow: number, failing: number): number | undefined {
  const all = outcomes.toSorted((a, b) => a.at - b.at)
  if (all.at(-1)?.isAnswered !== false) return undefined
  return all.find((one, place) => {
    if (one.isAnswered || place < inRow || !all.slice(place - inRow, place).every(({ isAnswered }) => isAnswered))
      return false
    const since = all.slice(place)
    const kept = since.filter(({ isAnswered }) => isAnswered).length
    return since.length - kept >= failing && kept <= since.length / 4
  })?.at
}

/**
 * The one object that was deleted when requests began to fail: they were answered before istiod told of it and fail from the next on, and nothing else that acts on them
 * was changed since. Undefined when there is none, or several are.
 *
 * @param changed when what acts on them and is still there was changed last (milliseconds since the epoch)
 * @param isMeant tells whether an object can act on them
 */
export function goneWith(
  outcomes: readonly Outcome[],
  changed: number,
  evidence: Evidence,
  isMeant: (ref: Ref) => boolean,
): GoneObject | undefined {
  const first = onsetOf(outcomes, 1, ENOUGH)
  if (first === undefined) return undefined
  const answered = outcomes.filter(({ isAnswered }) => isAnswered)
  const [only, ...others] = goneObjects(evidence).filter(
    ({ ref, at }) =>
      at > changed - CLOCK &&
      first > at - CLOCK &&
      answered.some((one) => one.at < at) &&
      !answered.some(
        (one) => one.at > at + DRAINED || (one.at > at + PUSHED && one.at < first && one.isOver?.(at) !== true),
      ) &&
      isMeant(ref),
  )
  return others.length === 0 ? only : undefined
}
