import { servicesOf } from '../../checks/facts/owners.ts'
import type { Request } from '../../checks/facts/requests-to.ts'
import { podAt } from '../../checks/facts/requests-to.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { ipOf } from '../../mesh/address.ts'
import type { Service } from '../../mesh/objects.ts'
import { changedAt } from '../../mesh/objects.ts'
import { hasProxy } from '../../mesh/pods.ts'
import type { Target } from '../../mesh/target.ts'
import { serviceOf } from '../follow/destination.ts'
import type { RequestClass } from './classes.ts'

/** A port of the target's Service that a client asked for until it was taken away. */
export interface GonePort {
  service: Service
  port: number
  /** A pod's name, or an address of which nobody knows whose it is. */
  client: string
  last: Request
}

/** Milliseconds before the change within which it was asked for; longer for who pauses longer than that, by so many of its own pauses. */
const LATELY = { ms: 120_000, pauses: 3 }

const timeOf = ({ entry }: Request): number => Date.parse(entry.at)

/** The longest time (milliseconds) between two requests in a row. */
function longestPause(requests: readonly Request[]): number {
  const times = requests.map(timeOf).toSorted((a, b) => a - b)
  return Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? time)))
}

/**
 * The port that a class asks for and that the Service has no more, when its client has no proxy, whose log would tell what came of it, asked for it until shortly before, and was
 * seen at no other port since.
 */
export function gonePort(
  { caller, requests }: RequestClass,
  classes: readonly RequestClass[],
  target: Target,
  evidence: Evidence,
): GonePort | undefined {
  const last = requests.at(-1)
  const [service, ...others] = servicesOf(target, evidence)
  const changed = service === undefined ? undefined : changedAt(service)
  if (caller !== undefined || last === undefined || service === undefined || changed === undefined) return undefined
  if (others.length > 0 || service.spec?.clusterIP === 'None') return undefined
  const [, host = '', typed = '80'] = /^(.*?)(?::(\d+))?$/.exec(last.entry.authority ?? '') ?? []
  const port = Number(typed)
  const client = podAt(last.entry.downstreamRemote, evidence)
  const address = ipOf(last.entry.downstreamRemote)
  if (address === undefined || (client !== undefined && hasProxy(client))) return undefined
  if ((service.spec?.ports ?? []).some((one) => one.port === port)) return undefined
  if (serviceOf(host, client?.metadata.namespace, evidence) !== service) return undefined
  const isOfClient = ({ entry }: Request): boolean => ipOf(entry.downstreamRemote) === address
  // Whoever gave it up before is no caller any more.
  const lately = Math.max(LATELY.ms, LATELY.pauses * longestPause(requests.filter(isOfClient)))
  if (changed - timeOf(last) > lately) return undefined
  // Objects are dated by whole seconds: a request in that very one may have come before.
  const wasSeenSince = classes
    .flatMap((one) => one.requests)
    .some((one) => isOfClient(one) && timeOf(one) >= changed + 1000)
  return wasSeenSince ? undefined : { service, port, client: client?.metadata.name ?? address, last }
}
