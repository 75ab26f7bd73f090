import { groupBy, nearest } from '../../../checks/facts/requests-to.ts'
import type { Case, Lead } from '../lead.ts'
import { eachOnce } from '../lead.ts'
import { overflow, portNotTaken, refusedAtPod, unreachable, unregistered, withoutEndpoint } from './endpoints.ts'
import { answeredOnTheWay } from './filters.ts'
import { atGatewayBetween } from './gateway-between.ts'
import { gatewayByAddress } from './gateway-address.ts'
import { elsewhere } from './outside.ts'
import { refused, token } from './policies.ts'
import { protocol, ruleWithoutEffect } from './protocol.ts'
import { atProxysOwnPort } from './proxy-port.ts'
import { byApplication, misrouted, redirected, timedOut } from './routes.ts'
import type { Sign } from './sign.ts'

/** Each reads one sort of failure from what a log line says; the first that names an object counts. */
const READERS: readonly ((sign: Sign, one: Case) => Lead[])[] = [
  atProxysOwnPort,
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

/** Leads from what the logs say of the failures that were seen: the most frequent sign first. */
export function leadsOfSigns(one: Case): Lead[] {
  const {
    evidence,
    followed: {
      present: { failures },
    },
  } = one
  const groups = groupBy(failures, (request) => {
    const { entry } = nearest(request)
    return JSON.stringify([entry.code, entry.flags, entry.details?.replace(/\d+/g, '0')])
  })
  return eachOnce(
    groups.slice(0, 3).flatMap((group) => {
      const last = group.at(-1) ?? group[0]
      const { entry, log } = nearest(last)
      const at = log.of === undefined ? undefined : evidence.object('pods', log.of.namespace ?? '', log.of.name)
      const own = last.inner?.entry === entry ? at : undefined
      const sign: Sign = { entry, at, pod: last.pod ?? own, group }
      for (const reader of READERS) {
        const found = reader(sign, one)
        if (found.length > 0) return found
      }
      return []
    }),
  )
}
