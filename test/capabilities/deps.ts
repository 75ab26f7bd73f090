import { auditTrail } from '../../src/capabilities/audit-trail.ts'
import type { CarryOutDeps } from '../../src/capabilities/carry-out.ts'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { ASK_ONLY } from '../../src/fixes/policy.ts'
import { READ_ONLY } from '../../src/fixes/read-only.ts'
import type { Records } from '../../src/store/records.ts'
import { recordedClients } from '../replay.ts'
import { rememberingLog, type Logged } from '../slack/house.ts'
import { FakeBoard } from './fake-board.ts'
import { FakeThread } from './fake-thread.ts'

const NOT_ASKED = (): Promise<never> => Promise.reject(new Error('not asked'))

/** What capabilities work with, on a recorded mesh: what a test has not given is not asked, or notes what it was told. */
export function capabilityDeps(
  records: Records,
  more: Partial<CarryOutDeps> = {},
): { deps: CarryOutDeps; logged: Logged[] } {
  const { log, logged } = rememberingLog()
  const deps: CarryOutDeps = {
    records,
    clients: recordedClients('chapter-10/ill'),
    checks: [missingSubset],
    openThread: () => new FakeThread(),
    audit: auditTrail(records, log),
    log,
    cancelPoll: 10,
    policy: ASK_ONLY,
    writer: READ_ONLY,
    board: new FakeBoard(),
    queue: { enqueue: NOT_ASKED, counts: NOT_ASKED },
    meshStatus: NOT_ASKED,
    testCluster: NOT_ASKED,
    selfTests: [],
    store: { kind: 'embedded', ping: () => Promise.resolve() },
    ...more,
  }
  return { deps, logged }
}
