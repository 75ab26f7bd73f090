import { fact } from '../../checks/facts/fact.ts'
import type { Request } from '../../checks/facts/requests-to.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { ipOf, portOf } from '../../mesh/address.ts'
import type { Target } from '../../mesh/target.ts'
import { answerOf } from './answer.ts'
import { seenClasses, type RequestClass } from './classes.ts'

/** Requests that tell of a caller; fewer were somebody's try. */
const ENOUGH = 3

/** Requests that came to the target from an address that no pod has any more, and that nobody has made since. */
export interface GoneCaller {
  address: string
  requests: RequestClass
  /** ISO time of the last one. */
  last: string
}

/** Where a request came from; undefined for one that a gateway passed on, which shows its client's address with port 0. */
const sourceOf = ({ entry: { downstreamRemote } }: Request): string | undefined =>
  portOf(downstreamRemote) === 0 ? undefined : ipOf(downstreamRemote)

/** The part of an address that pods of one cluster share, as a rule; nodes and load balancers have others, or pods of the host's network. */
const networkOf = (ip: string): string =>
  ip.includes(':') ? ip.split(':').slice(0, 3).join(':') : ip.split('.').slice(0, 2).join('.')

/** How pods of one address are looked for; nobody has it where none is found. */
export const podsAt = (ip: string): { fields: string } => ({ fields: `status.podIP=${ip}` })

const moment = ({ entry }: Request): number => Date.parse(entry.at)

/** Callers in the cluster that are not among the pods that were read, by the classes that only they asked for: their answers are good, and nobody has asked since. */
export const unknownCallers = fact((evidence, target): readonly GoneCaller[] => {
  const known = new Set(evidence.objects('pods').flatMap(({ status }) => status?.podIP ?? []))
  const networks = new Set([...known].map(networkOf))
  const { classes } = seenClasses(target, evidence)
  return classes.flatMap((one): GoneCaller[] => {
    const { caller, requests, question } = one
    const last = requests.at(-1)
    const address = last === undefined ? undefined : sourceOf(last)
    if (caller !== undefined || last === undefined || address === undefined || requests.length < ENOUGH) return []
    if (known.has(address) || !networks.has(networkOf(address)) || answerOf(last) !== 'answered') return []
    const isAskedStill = classes.some(
      (other) =>
        other !== one &&
        other.question.host === question.host &&
        other.question.path === question.path &&
        other.question.method === question.method &&
        (other.caller !== undefined || other.requests.some((each) => moment(each) > moment(last))),
    )
    return isAskedStill ? [] : [{ address, requests: one, last: last.entry.at }]
  })
})

/** Those of them that were looked up by their address, and that no pod has. */
export function goneCallers(target: Target, evidence: Evidence): GoneCaller[] {
  const looked = evidence.seen('pods')
  return unknownCallers(evidence, target).filter(({ address }) =>
    looked.some(({ source, value }) => value.length === 0 && source.includes(` ${podsAt(address).fields} `)),
  )
}
