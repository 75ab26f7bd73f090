import { TRANSPORT_FAILURES, transportFailure } from '../mesh/transport-failure.ts'
import type { Target } from '../mesh/target.ts'
import { defineCheck, proof, type Found } from './check.ts'
import { groupBy, isGrave, latest, requestsTo, scopeOf, type Group, type Request } from './facts/requests-to.ts'
import { areOver } from './facts/over.ts'
import { quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'

/** Addresses that are named. */
const MOST_ADDRESSES = 4

/** Callers' proxies get no connection to the target's endpoints: told apart by how it failed. It names nobody; what made it fail is another finding. */
export const connectFails = defineCheck({
  name: 'connect-fails',
  about: "the callers' proxies get connections to the target's endpoints",
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  problems: {
    MESH0445: {
      severity: 'warning',
      symptom: true,
      counts: 'failures',
      title: 'connections to endpoints fail',
      says: '{failed} of {requests} requests to {subject} got no connection to {addresses}: {clause}',
      remedy: '{correction}.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const requests = requestsTo(target, moment, evidence)
    // Between a sidecar and its own application is another matter.
    const failed = requests.filter(
      ({ entry, inner }) =>
        inner === undefined &&
        entry.upstreamCluster?.startsWith('inbound|') !== true &&
        transportFailure(entry) !== undefined,
    )
    if (!isGrave(failed, requests) || arePast(failed, requests)) return []
    return groupBy(failed, ({ entry }) => transportFailure(entry) ?? '')
      .filter((group) => isGrave(group, requests))
      .map((group) => found(group, requests, target))
  },
})

function arePast(failures: readonly Request[], requests: readonly Request[]): boolean {
  const at = ({ entry }: Request): number => Date.parse(entry.at)
  const last = Math.max(...failures.map(at))
  const since = requests.filter((one) => at(one) > last).length
  return areOver(failures.length, requests.length - since, since)
}

function found(group: Group, requests: readonly Request[], target: Target): Found {
  const { entry, log } = latest(group)
  const how = transportFailure(entry) ?? 'unknown'
  const { says, look } = TRANSPORT_FAILURES[how]
  const addresses = [...new Set(group.flatMap((one) => one.entry.upstreamHost ?? []))]
  const more = addresses.length - MOST_ADDRESSES
  return {
    code: 'MESH0445',
    standing: 'observed',
    subject: target.ref,
    args: {
      failed: group.length,
      requests: requests.length,
      failure: how,
      addresses:
        addresses.length === 0
          ? 'any endpoint'
          : [...addresses.slice(0, MOST_ADDRESSES), ...(more > 0 ? [`${more} more`] : [])],
      clause: says,
      correction: look,
    },
    because: [
      proof(log, `${group.length} requests failed to connect since the last change: ${says}`, quoteLine(entry)),
    ],
    scope: scopeOf(group, target),
  }
}
