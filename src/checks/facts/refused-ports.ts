import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { Listening } from '../../mesh/listening.ts'
import type { Container, Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { PROXY_CONTAINER } from '../../mesh/pods.ts'
import type { Target } from '../../mesh/target.ts'
import type { Proof } from '../check.ts'
import { proof } from '../check.ts'
import { fact } from './fact.ts'
import type { Group, Request } from './requests-to.ts'
import { groupBy, latest, nearest, requestsTo } from './requests-to.ts'
import { quoteLine, trafficCountsFrom } from './traffic-of.ts'

/** A port at which a pod's own sidecar was refused by the application beside it, though nothing in the objects speaks against the port. */
export interface RefusedPort {
  pod: Pod
  port: number
  /** The container that should listen there. */
  container: string
  group: Group
}

const containersOf = (pod: Pod): Container[] =>
  (pod.spec?.containers ?? []).filter(({ name }) => name !== PROXY_CONTAINER)

/** The container that declares the port or, when none of them declares any, the first; undefined when others are declared: then the objects alone say what is wrong. */
function containerAt(pod: Pod, port: number): string | undefined {
  const containers = containersOf(pod)
  if (containers.every(({ ports = [] }) => ports.length === 0)) return containers[0]?.name
  return containers.find(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === port))?.name
}

const isRefused = (request: Request): boolean => {
  const { entry } = nearest(request)
  return (
    request.inner?.entry === entry &&
    entry.flags.includes('UF') &&
    (entry.failure ?? entry.details ?? '').includes('onnection_refused')
  )
}

/** Where the target's sidecars were refused since the last change, by pod and port. */
export const refusedPorts = fact((evidence, target): readonly RefusedPort[] => {
  const moment = trafficCountsFrom(evidence, target)
  if (moment === undefined) return []
  const refused = requestsTo(target, moment, evidence).filter(isRefused)
  const portOf = (request: Request): number => Number(/:(\d+)$/.exec(nearest(request).entry.upstreamHost ?? '')?.[1])
  return groupBy(refused, (request) => `${request.pod?.metadata.name ?? ''} ${portOf(request)}`).flatMap((group) => {
    const { pod } = group[0]
    const port = portOf(group[0])
    const container = pod === undefined ? undefined : containerAt(pod, port)
    return pod === undefined || container === undefined ? [] : [{ pod, port, container, group }]
  })
})

/** A refused port, and what the application's own log says of where it listens. */
export interface ExplainedRefusal extends RefusedPort {
  log: Seen<'application-log'>
  /** Never empty. */
  listens: readonly Listening[]
}

/** Refused ports of pods whose application says where it listens. */
export function explainedRefusals(evidence: Evidence, target: Target): ExplainedRefusal[] {
  return refusedPorts(evidence, target).flatMap((one) => {
    const log = evidence.seenOf('application-log', refOf(one.pod))
    return log === undefined || log.value.length === 0 ? [] : [{ ...one, log, listens: log.value }]
  })
}

/** The refused requests, and the application's own words. */
export function proofsOf({ group, log, port, listens, container }: ExplainedRefusal): [Proof, ...Proof[]] {
  const { entry, log: sidecar } = nearest(latest(group))
  return [
    proof(
      sidecar,
      `${group.length} connections to port ${port} were refused since the last change, inside the pod`,
      quoteLine(entry),
    ),
    proof(
      log,
      `container ${container} says where it listens`,
      [...new Set(listens.map(({ line }) => line))].slice(-5).join('\n'),
    ),
  ]
}
