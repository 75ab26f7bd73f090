import { raise, type LeaseRequest } from '../../src/leases/raise.ts'
import type { LeaseDeps } from '../../src/leases/lease-deps.ts'
import type { LeaseRecord } from '../../src/leases/lease-record.ts'
import { auditEntries } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import type { FakeProxies } from './fake-proxies.ts'

export const NEVER = new AbortController().signal

let made = 0
/** A request for `http:debug,router:debug` on all pods, in a lease of its own. */
export function requestFor(proxies: FakeProxies, more: Partial<LeaseRequest> = {}): LeaseRequest {
  made += 1
  return {
    id: `lease-${made}`,
    run: `run-${made}`,
    kind: 'log-levels',
    settings: { http: 'debug', router: 'debug' },
    minutes: 10,
    pods: proxies.pods,
    by: { user: 'U_ONCALL' },
    target: 'service/shop/catalog',
    asked: { text: 'catalog' },
    channel: 'C_MESH',
    thread: '1.1',
    ...more,
  }
}

export const depsOf = (records: Records, { clients, writer }: FakeProxies): LeaseDeps => ({ records, clients, writer })

/** Raises, as requestFor says. */
export const raised = (
  records: Records,
  proxies: FakeProxies,
  more: Partial<LeaseRequest> = {},
): Promise<LeaseRecord> => raise(depsOf(records, proxies), requestFor(proxies, more), NEVER)

export const statesOf = ({ proxies }: LeaseRecord): string[] => proxies.map(({ state }) => state)

/** Audit events of a lease, in order. */
export const eventsOf = async (records: Records, lease: string): Promise<string[]> =>
  (await auditEntries(records)).filter(({ entry }) => entry.facts.lease === lease).map(({ entry }) => entry.event)
