import { behindGateway } from '../../../checks/facts/passed-through.ts'
import { groupBy, nearest, type Group, type Logged } from '../../../checks/facts/requests-to.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import type { AccessLogLine } from '../../../mesh/access-log.ts'
import type { Case, Lead } from '../lead.ts'
import { eachOnce } from '../lead.ts'
import { overflow, portNotTaken, refusedAtPod, unreachable, unregistered, withoutEndpoint } from './endpoints.ts'
import { answeredOnTheWay } from './filters.ts'
import { atGatewayBetween, noRouteBehind } from './gateway-between.ts'
import { gatewayByAddress } from './gateway-address.ts'
import { elsewhere } from './outside.ts'
import { refused, token } from './policies.ts'
import { protocol, ruleWithoutEffect } from './protocol.ts'
import { atProxysOwnPort } from './proxy-port.ts'
import { byApplication, misrouted, redirected, timedOut } from './routes.ts'
import { isLineToCome } from './line-to-come.ts'
import type { Sign } from './sign.ts'

/** Each reads one sort of failure from what a log line says; the first that names an object counts. */
const READERS: readonly ((sign: Sign, one: Case) => Lead[])[] = [
  atProxysOwnPort,
  noRouteBehind,
  atGatewayBetween,
  gatewayByAddress,
  unregistered,
  misrouted,
  redirected,
  answeredOnTheWay,
  token,
  refused,
  timedOut,
  overflow,
  withoutEndpoint,
  portNotTaken,
  unreachable,
  refusedAtPod,
  elsewhere,
  ruleWithoutEffect,
  protocol,
  byApplication,
]

/** True when an application answered, as far as the proxy that wrote the line knows. */
const isPassedOn = ({ flags, details }: AccessLogLine): boolean => flags.length === 0 && details === 'via_upstream'

/** The line of the proxy nearest to where requests of a group ended: that of one behind a gateway where it answered itself and the gateway passed that on. */
function placeOf(group: Group, evidence: Evidence): Logged {
  const last = nearest(group.at(-1) ?? group[0])
  if (!isPassedOn(last.entry)) return last
  for (const one of group.toReversed()) {
    const behind = behindGateway(nearest(one), evidence)
    if (behind !== undefined) return isPassedOn(behind.entry) ? last : behind
  }
  return last
}

/** Leads from what the logs say of the failures that were seen: the most frequent sign first. */
export function leadsOfSigns(one: Case): Lead[] {
  const {
    evidence,
    followed: {
      present: { failures },
    },
  } = one
  const told = failures.filter((request) => !isPassedOn(nearest(request).entry) || !isLineToCome(request, evidence))
  const groups = groupBy(told.length > 0 ? told : failures, (request) => {
    const { entry } = nearest(request)
    return JSON.stringify([entry.code, entry.flags, entry.details?.replace(/\d+/g, '0')])
  })
  return eachOnce(
    groups.slice(0, 3).flatMap((group) => {
      const last = group.at(-1) ?? group[0]
      const { entry, log } = placeOf(group, evidence)
      const at = log.of === undefined ? undefined : evidence.object('pods', log.of.namespace ?? '', log.of.name)
      const own = last.inner?.entry === entry ? at : undefined
      const pod = entry === nearest(last).entry ? (last.pod ?? own) : at
      const sign: Sign = { entry, at, pod, group }
      for (const reader of READERS) {
        const found = reader(sign, one)
        if (found.length > 0) return found
      }
      return []
    }),
  )
}
