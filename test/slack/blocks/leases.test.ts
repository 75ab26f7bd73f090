import { describe, expect, it } from 'vitest'
import { LeaseRecord, type LeaseProxy } from '../../../src/leases/lease-record.ts'
import { checkView } from '../../../src/sandbox/slack/block-rules/check-view.ts'
import { auditMessage, MOST_EVENTS } from '../../../src/slack/blocks/audit.ts'
import { leaseMessage, leasesMessage, MOST_LEASES, timeLeft } from '../../../src/slack/blocks/lease.ts'
import { logLevelsMessage } from '../../../src/slack/blocks/log-levels.ts'
import { noLoggersView, raiseLogLevelView, readingLoggersView } from '../../../src/slack/modals/raise-log-level.ts'
import type { AuditEntry } from '../../../src/store/audit.ts'
import { shownIn } from '../texts.ts'
import { expectPostable } from './postable.ts'
import { dice, nasty, RUN } from './samples.ts'

const NOW = Date.parse('2026-11-24T00:30:00.000Z')
const BUTTONS = ['put-back-lease', 'extend-lease', 'save-log'].map((action) => ({
  action,
  id: 'abcdefghijkmnpqrstuv',
  label: action,
}))

const proxy = (state: LeaseProxy['state'], facts: Partial<LeaseProxy> = {}): LeaseProxy => ({
  pod: { kind: 'Pod', namespace: 'shop', name: `catalog-${state}` },
  uid: state,
  before: { http: 'warning' },
  state,
  ...facts,
})
const sample = (facts: Partial<LeaseRecord> = {}): LeaseRecord =>
  LeaseRecord.parse({
    id: 'abcdefghijkmnpqrstuv',
    state: 'raised',
    kind: 'log-levels',
    lent: { http: 'debug' },
    proxies: [proxy('raised')],
    from: '2026-11-24T00:25:00.000Z',
    until: '2026-11-24T00:34:30.000Z',
    by: { user: 'U_ONCALL' },
    target: 'service/shop/catalog',
    asked: { text: 'catalog' },
    channel: 'C_MESH',
    run: 'runrunrunrunrunrunru',
    ...facts,
  })

it.each([
  [270, '5 min'],
  [60, '1 min'],
  [59.4, '59 s'],
  [0, '0 s'],
  [-30, '0 s'],
])('%d s are %s', (seconds, says) => {
  expect(timeLeft(new Date(NOW + seconds * 1000).toISOString(), NOW)).toBe(says)
})

describe('a lease', () => {
  it('that runs says until when, what was there, and has its buttons', () => {
    expect(shownIn(leaseMessage(sample({ notes: ['2 of its 8 proxies'] }), NOW, BUTTONS))).toBe(
      [
        '🔎 Log levels are raised  `http:debug`',
        'until 00:34 UTC, 5 min left; then they are put back as they were',
        '',
        '- ✓ `Pod shop/catalog-raised`  set (was http:warning)',
        '',
        '2 of its 8 proxies',
        '',
        'raised by @U_ONCALL at 00:25 UTC · run runrunrunrunrunrunru',
        '',
        '[put-back-lease][extend-lease][save-log]',
      ].join('\n'),
    )
  })

  it('that is over says per proxy what became of it, and has none', () => {
    const proxies = [
      proxy('put-back'),
      proxy('gone'),
      proxy('restarted', { says: 'at 00:20' }),
      proxy('left', { says: 'http is info now' }),
      proxy('refused', { before: {}, says: 'no answer' }),
    ]
    const shown = shownIn(
      leaseMessage(
        sample({
          state: 'over',
          proxies,
          ended: { at: '2026-11-24T00:29:00.000Z', why: 'put back', by: 'U_SECOND' },
        }),
        NOW,
        BUTTONS,
      ),
    )
    expect(shown).toBe(
      [
        '🟡 Log levels were put back  `http:debug`',
        'put back by @U_SECOND at 00:29 UTC',
        '',
        '- ✓ `Pod shop/catalog-put-back`  put back (to http:warning)',
        '- – `Pod shop/catalog-gone`  its pod is gone, nothing to put back',
        '- – `Pod shop/catalog-restarted`  its proxy was restarted and has its own levels again: at 00:20',
        '- ⚠️ `Pod shop/catalog-left`  somebody else changed it in the meantime: left alone (was http:warning): http is info now',
        '- ✗ `Pod shop/catalog-refused`  could not be set: no answer',
        '',
        'raised by @U_ONCALL at 00:25 UTC · run runrunrunrunrunrunru',
        '',
      ].join('\n'),
    )
  })

  it.each<[string, Partial<LeaseRecord>, RegExp]>([
    [
      'all put back',
      { state: 'over', proxies: [proxy('put-back')], ended: { at: '2026-11-24T00:29:00.000Z', why: 'time' } },
      /^⚪ Log levels were put back {2}`http:debug`\nthe time was over at 00:29 UTC/,
    ],
    [
      'found late',
      { state: 'over', proxies: [proxy('put-back')], ended: { at: '2026-11-24T00:29:00.000Z', why: 'overdue' } },
      /the time was over while they could not be put back/,
    ],
    [
      'still being put back',
      {
        state: 'putting-back',
        proxies: [proxy('unreachable', { says: 'timeout' })],
        ended: { at: '2026-11-24T00:29:00.000Z', why: 'time' },
      },
      /^🔎 Log levels are being put back[\s\S]*✗ `Pod shop\/catalog-unreachable` {2}not put back yet: it does not answer; mesh-medic keeps trying: timeout/,
    ],
    [
      'just begun',
      { state: 'raising', proxies: [proxy('noted')] },
      /^🔎 Log levels are being raised[\s\S]*· `Pod shop\/catalog-noted` {2}about to be set/,
    ],
    [
      'never raised',
      {
        state: 'over',
        proxies: [proxy('refused', { before: {}, says: 'no answer' })],
        ended: { at: '2026-11-24T00:29:00.000Z', why: 'failed' },
      },
      /^⚪ Log levels were not raised {2}`http:debug`\nthey could not be raised at 00:29 UTC/,
    ],
  ])('%s', (_name, facts, says) => {
    expect(shownIn(leaseMessage(sample(facts), NOW, []))).toMatch(says)
  })

  it('of another version is counted where leases are listed', () => {
    expect(shownIn(leasesMessage([], NOW, [], 1))).toContain('1 lease of another version of mesh-medic cannot be shown')
    const some = leasesMessage([sample()], NOW, [], 2)
    expect(shownIn(some)).toContain('2 leases of another version of mesh-medic cannot be shown')
    expectPostable(some, 0)
  })

  it('is listed with a button of its own number, one alone without', () => {
    const one = { action: 'put-back-lease:0', id: 'x', label: 'Put back now' }
    expect(shownIn(leasesMessage([sample()], NOW, [one]))).toBe(
      '1 lease\n\n`http:debug` on 1 proxy of `catalog`, by @U_ONCALL, until 00:34 UTC (5 min left)\n\n[Put back now]',
    )
    const many = Array.from({ length: 25 }, () => sample({ state: 'putting-back' }))
    const shown = leasesMessage(
      many,
      NOW,
      many.slice(0, MOST_LEASES).map((_, index) => ({ ...one, action: `put-back-lease:${index}` })),
    )
    expect(shownIn(shown)).toContain('25 leases')
    expect(shownIn(shown)).toContain('20. `http:debug` on 1 proxy of `catalog`, by @U_ONCALL, is being put back')
    expect(shownIn(shown)).toContain('and 5 more')
    expect(shownIn(shown)).toMatch(/\[Put back 1\].*\[Put back 20\]$/)
    expectPostable(shown, MOST_LEASES)
  })
})

describe('log levels', () => {
  const pod = { kind: 'Pod', namespace: 'shop', name: 'catalog-1' }
  it('are summed up, with those by name that are not as usual', () => {
    const levels = {
      http: 'debug',
      misc: 'error',
      ...Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`logger${index}`, 'warning'])),
    }
    const shown = shownIn(
      logLevelsMessage(
        [
          { pod, levels },
          { pod, levels: { http: 'warning' } },
          { pod, says: 'no answer' },
        ],
        RUN,
        [],
      ),
    )
    expect(shown).toContain('`Pod shop/catalog-1`\nhttp:debug, misc:error; 80 others at warning')
    expect(shown).toContain('all 1 loggers at warning')
    expect(shown).toContain('✗ not read: no answer')
  })
})

describe('the audit', () => {
  const entry = (facts: Partial<AuditEntry>): AuditEntry => ({
    at: '2026-11-24T00:25:00.000Z',
    event: 'lease-granted',
    by: { user: 'U_ONCALL' },
    facts: {},
    previous: '0',
    hash: 'f'.repeat(64),
    ...facts,
  })
  const whole = { ok: true, entries: 3, head: 'a'.repeat(64) } as const

  it('tells who did what, newest first, and that the chain is whole', () => {
    const events = [
      {
        sequence: 3,
        entry: entry({
          event: 'lease-ended',
          by: { user: 'mesh-medic' },
          target: 'service/shop/catalog',
          facts: { why: 'time', lease: 'x', proxies: [{ uid: 'u' }] },
        }),
      },
      {
        sequence: 2,
        entry: entry({ facts: { lent: { http: 'debug', router: 'trace' }, until: '2026-11-24T00:34:30.000Z' } }),
      },
    ]
    expect(shownIn(auditMessage({ events, count: 2, verdict: whole, target: 'catalog' }))).toBe(
      [
        '2 events of catalog',
        '',
        '- 3  2026-11-24 00:25:00  lease-ended `mesh-medic` `service/shop/catalog`  time',
        '- 2  2026-11-24 00:25:00  lease-granted @U_ONCALL  http:debug, router:trace · 2026-11-24T00:34:30.000Z',
        '',
        '✓ the chain is whole: 3 entries, head aaaaaaaaaaaaaaaa…',
        '',
        'All of it, as JSON lines: `mesh-medic audit export`',
        '',
      ].join('\n'),
    )
  })

  it('tells what an earlier version wrote in the words of now, and what a person wrote as it is', () => {
    const told = (facts: AuditEntry['facts']): string =>
      shownIn(
        auditMessage({
          events: [{ sequence: 1, entry: entry({ event: 'lease-ended', facts }) }],
          count: 1,
          verdict: whole,
        }),
      )
    expect(told({ why: 'given back' })).toContain('lease-ended @U_ONCALL  put back\n')
    expect(told({ verb: 'give-back-lease' })).toContain('  put-back-lease\n')
    expect(told({ text: 'lent' })).toContain('  lent\n')
  })

  it('says where the chain is broken, and how', () => {
    expect(
      shownIn(auditMessage({ events: [], count: 0, verdict: { ok: false, sequence: 7, broken: 'content' } })),
    ).toMatch(/^No events yet\n\n✗ the chain is BROKEN at entry 7: it was changed/)
    expect(
      shownIn(
        auditMessage({ events: [], count: 0, verdict: { ok: false, sequence: 7, broken: 'chain' }, target: 'catalog' }),
      ),
    ).toMatch(/^No events of catalog yet\n\n✗ the chain is BROKEN at entry 7: it does not follow the one before/)
  })
})

describe('whatever the texts are', () => {
  it.each(Array.from({ length: 24 }, (_, seed) => [seed]))('Slack takes them (%d)', (seed) => {
    const roll = dice(seed)
    const [size, many] = [
      [20, 3],
      [400, 12],
      [4000, 40],
    ][seed % 3] as [number, number]
    const say = (): string => nasty(roll, roll(size) + 1)
    const several = <T>(make: (index: number) => T): T[] => Array.from({ length: many }, (_, index) => make(index))
    const levels = (): Record<string, string> => Object.fromEntries(several(() => [say(), say()]))
    const states: LeaseProxy['state'][] = [
      'noted',
      'raised',
      'refused',
      'put-back',
      'gone',
      'restarted',
      'left',
      'unreachable',
    ]
    const proxies = several((index) =>
      proxy(states[index % states.length]!, {
        pod: { kind: say(), namespace: say(), name: say() },
        before: levels(),
        says: say(),
      }),
    )
    const lease = sample({
      lent: levels(),
      proxies,
      by: { user: say() },
      asked: { text: say() },
      run: say(),
      notes: several(say),
      state: (['raising', 'raised', 'putting-back', 'over'] as const)[roll(4)]!,
      ended: { at: '2026-11-24T00:29:00.000Z', why: 'put back', by: say() },
    })
    expectPostable(leaseMessage(lease, NOW, BUTTONS), lease.state === 'over' ? 0 : 3)
    expectPostable(
      leasesMessage(
        several(() => lease),
        NOW,
        several((index) => ({ action: `put-back-lease:${index}`, id: 'x', label: 'Put back now' })).slice(
          0,
          MOST_LEASES,
        ),
      ),
      Math.min(many, MOST_LEASES),
    )
    expectPostable(
      logLevelsMessage(
        several((index) =>
          index % 2 === 0
            ? { pod: { kind: 'Pod', name: say() }, levels: levels() }
            : { pod: { kind: 'Pod', name: say() }, says: say() },
        ),
        { ...RUN, request: { kind: 'log-levels', text: say() } },
        BUTTONS,
      ),
      3,
    )
    const events = several((sequence) => ({
      sequence,
      entry: {
        at: '2026-11-24T00:25:00.000Z',
        event: say(),
        by: { user: say() },
        target: say(),
        facts: { text: say(), levels: levels(), why: [say()] },
        previous: '',
        hash: '',
      },
    })).slice(0, MOST_EVENTS)
    expectPostable(auditMessage({ events, count: many, verdict: { ok: true, entries: 3, head: say() }, target: say() }))

    const loggers = [...new Set(several(() => say()))]
    for (const view of [
      readingLoggersView('abcdefghijkmnpqrstuv', say()),
      noLoggersView('abcdefghijkmnpqrstuv', say()),
      raiseLogLevelView('abcdefghijkmnpqrstuv', {
        target: say(),
        loggers,
        fitting: loggers.slice(0, 2),
        proxies: several(say),
        most: { proxies: 1 + roll(200), minutes: 1 + roll(90) },
      }),
    ])
      expect(() => checkView(structuredClone(view), 'modal')).not.toThrow()
  })

  it('a window offers at most a hundred of anything, and at least one time', () => {
    const names = (what: string): string[] => Array.from({ length: 150 }, (_, index) => `${what}${index}`)
    const view = raiseLogLevelView('x', {
      target: 'catalog',
      loggers: names('logger'),
      fitting: ['logger149'],
      proxies: names('shop/catalog-'),
      most: { proxies: 200, minutes: 0.5 },
    })
    expect(() => checkView(structuredClone(view), 'modal')).not.toThrow()
    const [, loggers] = view.blocks as { element?: { options: { value: string }[]; initial_options?: unknown[] } }[]
    expect(loggers!.element!.options).toHaveLength(100)
    expect(loggers!.element!.options[0]!.value).toBe('logger149')
    expect(JSON.stringify(view)).toContain('30 seconds')
  })

  it('a window offers each thing once, however often it is named', () => {
    const view = raiseLogLevelView('x', {
      target: 'catalog',
      loggers: ['rbac', 'http', 'rbac'],
      fitting: ['http', 'http'],
      proxies: ['shop/catalog-1', 'shop/catalog-2', 'shop/catalog-1'],
      most: { proxies: 20, minutes: 30 },
    })
    expect(() => checkView(structuredClone(view), 'modal')).not.toThrow()
    const offered = (view.blocks as { element?: { options: { value: string }[] } }[]).map(({ element }) =>
      element?.options.map(({ value }) => value),
    )
    expect([offered[1], offered[3]]).toEqual([
      ['http', 'rbac'],
      ['shop/catalog-1', 'shop/catalog-2'],
    ])
  })
})
