import { ChangeRecord, type Baseline } from '../../../src/fixes/record.ts'
import { nasty } from './samples.ts'

const REF = { kind: 'DestinationRule', namespace: 'shop', name: 'catalog' }
const SERVICE = { kind: 'VirtualService', namespace: 'shop', name: 'catalog-v1-v2' }
const HEX = 'ab'.repeat(32)

export const MANIFEST = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: catalog
  namespace: shop
spec:
  host: catalog.shop.svc.cluster.local
  subsets:
    - name: version-v1
      labels:
        version: v1
`

const BEFORE: Baseline = {
  verdict: 'ill',
  findings: [{ code: 'MESH0101', subject: SERVICE, standing: 'observed' }],
  traffic: {
    requests: 10,
    failed: 10,
    flags: { '503 NC': 10 },
    from: '2026-11-24T00:18:24Z',
    to: '2026-11-24T00:28:24Z',
  },
  shown: [
    { command: 'istioctl analyze -n shop', says: 'Error [IST0101] no such subset' },
    { command: 'istioctl proxy-config clusters web.shop', says: 'no cluster of subset version-v1' },
  ],
}
const AFTER: Baseline = {
  verdict: 'healthy',
  findings: [],
  traffic: { requests: 20, failed: 0, flags: { '200': 20 }, from: '2026-11-24T00:30:00Z', to: '2026-11-24T00:30:20Z' },
  shown: [
    { command: 'istioctl analyze -n shop', says: 'No validation issues found' },
    { command: 'istioctl proxy-config clusters web.shop', says: 'outbound|80|version-v1|catalog.shop' },
  ],
}

/** The chapter's change, as proposed. */
export function sampleChange(facts: Partial<ChangeRecord> = {}): ChangeRecord {
  return ChangeRecord.parse({
    id: 'abcdefghijkmnpqrstuv',
    digest: HEX,
    state: 'proposed',
    act: 'add-subsets',
    for: 'MESH0101',
    subject: SERVICE,
    title: 'Define subsets version-v1 and version-v2 of catalog',
    why: 'The routes name subsets that no DestinationRule defines.',
    effect: 'Callers of catalog reach its pods by version.',
    risk: { level: 'low', says: 'Nothing else uses catalog.' },
    undoSays: 'The DestinationRule is deleted again.',
    writes: [{ verb: 'apply', ref: REF, apiVersion: 'networking.istio.io/v1', manifest: MANIFEST, was: 'absent' }],
    diff: '--- /dev/null\n+++ DestinationRule shop/catalog\n@@ -0,0 +1,2 @@\n+kind: DestinationRule\n',
    notes: [],
    force: false,
    question: { text: 'catalog', namespace: 'shop' },
    target: 'service/shop/catalog',
    channel: 'C_MESH',
    thread: '1700000000.000100',
    run: 'abcdefghijkmnpqrstuv',
    of: 'diagnosisdiagnosisdi',
    requester: { user: 'U_ONCALL', at: '2026-11-24T00:28:30.000Z' },
    expiresAt: '2026-11-24T00:58:30.000Z',
    baseline: BEFORE,
    createdAt: '2026-11-24T00:28:30.000Z',
    ...facts,
  })
}

const BY = { user: 'U_SECOND', at: '2026-11-24T00:29:40.000Z', run: 'decidedecidedecidedd' }
const AS = { user: 'second@example.com', groups: ['mesh-owners'] }

/** What each step towards the end adds to it. */
export const APPROVED = { state: 'approved', decided: { ...BY, verdict: 'approved' }, as: AS } as const
export const APPLYING = {
  ...APPROVED,
  state: 'applying',
  inverse: [
    { verb: 'delete', ref: REF, apiVersion: 'networking.istio.io/v1', was: { uid: 'u-1', resourceVersion: '7' } },
  ],
} satisfies Partial<ChangeRecord>
export const APPLIED = {
  ...APPLYING,
  state: 'applied',
  wrote: [
    { ref: REF, version: { uid: 'u-1', resourceVersion: '4711', generation: 1 }, at: '2026-11-24T00:29:42.000Z' },
  ],
  appliedAt: '2026-11-24T00:29:42.000Z',
} satisfies Partial<ChangeRecord>
export const PROVED = {
  ...APPLIED,
  state: 'proved',
  proof: {
    outcome: 'gone',
    says: 'MESH0101 is gone and 20 of 20 requests were answered.',
    after: AFTER,
    at: '2026-11-24T00:30:20.000Z',
  },
} satisfies Partial<ChangeRecord>
export const UNDONE = {
  ...PROVED,
  state: 'undone',
  undo: {
    user: 'U_SECOND',
    at: '2026-11-24T00:40:00.000Z',
    run: 'undoundoundoundoundo',
    why: 'asked for',
    as: AS,
    state: 'undone',
  },
} satisfies Partial<ChangeRecord>

/** A change whose every text could hurt; `size` is about their length, `many` how many there are of everything. */
export function nastyChange(
  roll: (below: number) => number,
  { size, many }: { size: number; many: number },
  facts: Partial<ChangeRecord> = {},
): ChangeRecord {
  const say = (): string => nasty(roll, roll(size) + 1)
  const ref = (): ChangeRecord['subject'] => ({ kind: say(), namespace: say(), name: say() })
  const several = <T>(make: () => T): T[] => Array.from({ length: many }, make)
  const baseline = (): Baseline => ({
    verdict: say(),
    findings: several(() => ({ code: say(), subject: ref(), standing: say() })),
    traffic: {
      requests: 10,
      failed: 3,
      flags: Object.fromEntries(several(() => [say(), roll(100)])),
      from: say(),
      to: say(),
    },
    shown: several(() => ({ command: say(), says: nasty(roll, size * 3) })),
  })
  return sampleChange({
    title: say(),
    why: say(),
    effect: say(),
    risk: { level: 'high', says: say() },
    undoSays: say(),
    diff: nasty(roll, size * 4),
    notes: several(say),
    blocked: say(),
    failure: say(),
    baseline: baseline(),
    writes: [
      sampleChange().writes[0]!,
      ...several((): ChangeRecord['writes'][0] => ({
        verb: 'delete',
        ref: ref(),
        apiVersion: say(),
        was: { uid: say(), resourceVersion: say() },
      })),
    ],
    decided: { ...BY, verdict: 'approved', reason: say() },
    as: { user: say(), groups: several(say) },
    wrote: several(() => ({ ref: ref(), version: { uid: say(), resourceVersion: say() }, at: BY.at })),
    proof: { outcome: 'worse', says: say(), after: baseline(), at: BY.at },
    undo: { user: say(), at: BY.at, run: 'x', why: say(), as: AS, state: 'failed', says: say() },
    ...facts,
  })
}
