import type { Finding } from '../../../src/checks/check.ts'
import { defineCheck } from '../../../src/checks/check.ts'
import { STAGES, type FollowReport, type Hop } from '../../../src/diagnosis/follow/report.ts'
import type { PlannedStep, Report } from '../../../src/diagnosis/report.ts'
import type { DiagnoseRequest } from '../../../src/capabilities/diagnose.ts'
import { spokenOf } from '../../../src/slack/answers/index.ts'
import type { SpokenRun } from '../../../src/slack/blocks/running.ts'
import type { RunRecord } from '../../../src/store/runs.ts'

/** A check that explains whatever a sample holds. */
export const CHECKS = [
  defineCheck({
    name: 'sample',
    about: 'nothing is a sample',
    needs: [],
    problems: {
      MESH0101: {
        severity: 'error',
        title: 'a sample of trouble',
        says: '{subject} breaks {host}',
        remedy: 'Mend {host}.',
      },
    },
    run: () => [],
  }),
]

export const RUN: RunRecord<DiagnoseRequest> = {
  id: 'abcdefghijkmnpqrstuv',
  state: 'running',
  asker: { user: 'U_ONCALL' },
  channel: 'C_MESH',
  createdAt: '2026-11-24T00:28:24.000Z',
  request: {
    kind: 'diagnose',
    text: 'catalog',
    target: { key: 'service/shop/catalog', kind: 'Service', namespace: 'shop', name: 'catalog' },
  },
}

/** The same run as its messages speak of it. */
export const SPOKEN: SpokenRun = spokenOf(RUN)

/** Random numbers that are the same every time (mulberry32). */
export function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const NASTY = [
  '<!channel>',
  '<@U_ONCALL>',
  '&amp;',
  '```',
  '`',
  '*bold*',
  '\u202e',
  '\u200b',
  '\u0000',
  '\u0002',
  '\u0003',
  '😀',
  '\ud83d',
  'ẞ',
  '\n',
  '\t',
  '<https://evil.example|ok>',
  '$(reboot)',
  ':boom:',
  'a',
]

/** Each once, twice, … fifty times. */
const REPEATED = NASTY.map((piece) => Array.from({ length: 50 }, (_, index) => piece.repeat(index + 1)))

/** A text of a given length with everything in it that could hurt. */
export function nasty(roll: (below: number) => number, length: number): string {
  const pieces: string[] = []
  for (let made = 0; made < length;) {
    const piece = REPEATED[roll(NASTY.length)]![roll(Math.min(50, length))]!
    pieces.push(piece)
    made += piece.length
  }
  return pieces.join('').slice(0, length)
}

export function sampleFinding(roll: (below: number) => number, size: number): Finding {
  const proof = (): Finding['because'][0] => ({
    kind: 'routes',
    source: nasty(roll, roll(size) + 1),
    at: '2026-11-24T00:28:24Z',
    says: nasty(roll, roll(size)),
    quote: nasty(roll, roll(size * 3)),
  })
  return {
    code: 'MESH0101',
    check: 'sample',
    severity: 'error',
    standing: (['configured', 'live', 'observed'] as const)[roll(3)]!,
    subject: { kind: 'VirtualService', namespace: nasty(roll, roll(63)), name: nasty(roll, roll(size)) },
    args: { host: nasty(roll, roll(size)) },
    because: [proof(), ...Array.from({ length: roll(12) }, proof)],
    scope: [],
  }
}

const times = <T>(many: number, make: (index: number) => T): T[] =>
  Array.from({ length: many }, (_, index) => make(index))

/** A way whose every name is somebody else's; `size` is about the length of texts, `many` how many there are of everything. */
export function sampleFollow(
  roll: (below: number) => number,
  { size, many }: { size: number; many: number },
): FollowReport {
  const some = (): string => nasty(roll, roll(size) + 1)
  const hop = (index: number): Hop => ({
    stage: STAGES[index % STAGES.length]!,
    ok: roll(3) > 0,
    sure: roll(4) > 0,
    name: some(),
    objects: times(roll(many + 1), () => ({ kind: ['Service', 'Pod'][roll(2)]!, namespace: some(), name: some() })),
    says: some(),
    notes: times(roll(many + 1), some),
    command: some(),
    ...(roll(2) === 0 && { quote: nasty(roll, size * 3) }),
  })
  return {
    asked: some(),
    request: { method: 'GET', scheme: 'http', host: some(), port: 80, path: some(), headers: {} },
    hops: times(many, hop),
    clusters: times(many, () => ({ name: some(), weight: roll(100) })),
    dies: null,
    outcome: (['arrives', 'dies', 'unclear'] as const)[roll(3)]!,
    headline: some(),
    pods: [],
    at: '2026-11-24T00:28:24Z',
    ...(roll(2) === 0 && {
      caller: {
        kind: (['ingress', 'sidecar'] as const)[roll(2)]!,
        pod: { kind: 'Pod', namespace: some(), name: some() },
      },
    }),
  }
}

/** A report of any size; `size` is about the length of its texts, `many` how many there are of everything. */
export function sampleReport(roll: (below: number) => number, { size, many }: { size: number; many: number }): Report {
  const findings = Array.from({ length: many }, () => sampleFinding(roll, size))
  const cause = findings.find(({ standing }) => standing !== 'configured')
  const plan = Array.from({ length: many }, (_, index): PlannedStep => ({
    id: `step ${index}`,
    kind: 'routes',
    group: (['control plane', 'objects', 'workloads', 'proxies', 'traffic'] as const)[roll(5)]!,
    title: nasty(roll, roll(size)),
    command: nasty(roll, roll(size) + 1),
    outcome: (['seen', 'blind', 'running', 'waiting'] as const)[roll(4)]!,
    ...(roll(2) === 0 && { milliseconds: roll(30_000) }),
  }))
  return {
    requests: [],
    target: {
      asked: 'catalog',
      ref: { kind: 'Service', namespace: 'shop', name: nasty(roll, roll(size)) },
      namespace: 'shop',
      name: 'catalog',
      hosts: [],
      services: [],
      pods: [],
    },
    plan,
    readings: [],
    findings,
    ...(cause !== undefined && { cause: { finding: cause, explains: findings.slice(0, roll(many + 1)) } }),
    skipped: Array.from({ length: many }, (_, index) => ({
      check: 'sample',
      kind: 'routes' as const,
      of: { kind: 'Pod', name: `pod-${index}` },
      reason: 'forbidden' as const,
      detail: nasty(roll, roll(size)),
      partly: false,
      permission: { verb: 'list', group: '', resource: nasty(roll, roll(size)) },
    })),
    ruledOut: Array.from({ length: many }, () => ({ check: 'sample', about: nasty(roll, roll(size)) })),
    verdict: cause === undefined ? 'unclear' : 'ill',
    traffic: { requests: 10, failed: 5, from: '2026-11-24T00:28:24Z', to: '2026-11-24T00:28:24Z' },
    changes: Array.from({ length: many }, () => ({
      id: 'x',
      for: 'MESH0101',
      kind: 'fix',
      act: 'sample',
      subjects: [],
      title: nasty(roll, roll(size)),
      why: nasty(roll, roll(size)),
      risk: 'change',
      diff: '',
      undo: nasty(roll, roll(size)),
    })),
    advice: Array.from({ length: many }, () => ({
      for: 'MESH0101',
      subject: { kind: 'VirtualService', name: nasty(roll, roll(size)) },
      says: nasty(roll, roll(size)),
    })),
    startedAt: '2026-11-24T00:28:24Z',
    finishedAt: '2026-11-24T00:28:26Z',
    ...(many > 0 && { follow: sampleFollow(roll, { size, many: Math.min(many, 300) }) }),
  }
}
