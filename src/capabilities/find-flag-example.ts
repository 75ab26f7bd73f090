import { forHosts } from '../checks/facts/traffic-of.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { accessLog } from '../evidence/collectors/access-log.ts'
import { objects } from '../evidence/collectors/objects.ts'
import { Evidence } from '../evidence/evidence.ts'
import { Gathering, type GatherOptions } from '../evidence/gather.ts'
import { findProxies } from '../leases/find-proxies.ts'
import type { AccessLogLine } from '../mesh/access-log.ts'
import { isReady } from '../mesh/pods.ts'
import { refOf } from '../mesh/objects.ts'
import { sameRef, type Ref } from '../mesh/ref.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import { DEFAULT_INGRESS } from '../diagnosis/plan.ts'
import type { FlagExample } from '../diagnosis/flag-example.ts'

/** Logs that are read, the gateways' first: they name who was called. */
const MOST_LOGS = 12

/** What is safe in a shell: a caller may choose the id of its request. */
const PLAIN = /^[\w.:-]{1,100}$/

const searchFor = ({ requestId = '', at }: AccessLogLine): string[] =>
  [requestId, at]
    .filter((text) => PLAIN.test(text))
    .slice(0, 1)
    .map((text) => `grep -F -e ${text}`)

/**
 * Looks for the latest request to a target with one of some flags, in the ends of the logs of its own proxies and of the ingress gateways.
 *
 * @throws UnknownTargetError, AmbiguousTargetError; RaiseRefusedError when no proxy of it runs, or the cluster could not be read
 */
export async function findFlagExample(
  query: TargetQuery,
  flags: readonly string[],
  clients: Clients,
  options: GatherOptions,
): Promise<FlagExample> {
  const { target, pods } = await findProxies(query, clients, options)
  const gathering = new Gathering(clients, options)
  await gathering.gather([objects('pods', 'proxies', { labels: DEFAULT_INGRESS })])
  const gateways = new Evidence(gathering.readings).objects('pods').filter(isReady).map(refOf)
  const proxies = [...gateways, ...pods.map(refOf).filter((pod) => !gateways.some((one) => sameRef(one, pod)))]
  const logs = new Gathering(clients, options)
  await logs.gather(proxies.slice(0, MOST_LOGS).map((pod) => accessLog(pod)))
  const isTo = forHosts(target.hosts)
  const own = (pod: Ref): boolean => target.pods.some((one) => sameRef(one, pod))
  const lines = new Evidence(logs.readings)
    .seen('access-log')
    .flatMap(({ of, source, value }) =>
      of === undefined
        ? []
        : value.lines
            .filter((line) => own(of) || isTo(line))
            .map((line) => ({ pod: of, line, command: [source, ...searchFor(line)].join(' | ') })),
    )
  const found = lines
    .filter(({ line }) => line.flags.some((flag) => flags.includes(flag)))
    .toSorted((a, b) => Date.parse(b.line.at) - Date.parse(a.line.at))
  return {
    target: target.ref,
    flags: [...flags],
    ...(found[0] !== undefined && { example: found[0] }),
    lines: lines.length,
    proxies: logs.readings.filter(({ ok }) => ok).length,
    unseen: [...gathering.readings, ...logs.readings].flatMap((one) =>
      one.ok ? [] : [`${one.source}: ${one.detail}`],
    ),
  }
}
