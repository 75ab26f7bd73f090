import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { reportJson } from '../../src/report/json.ts'
import { reportMarkdown } from '../../src/report/markdown.ts'
import { reportText } from '../../src/report/text.ts'
import { recordedClients } from '../replay.ts'

const ask = parseTarget('catalog', 'istioinaction')
const fails = (reason: UnseenError['reason']) => (): Promise<never> =>
  Promise.reject(new UnseenError(reason, `${reason} in this test`))

describe('a diagnosis', () => {
  it('goes on when a check throws: unclear where it was healthy, and said', async () => {
    const [first, ...others] = CHECKS
    if (first === undefined) throw new Error('there is no check')
    const mistake = new TypeError('a mistake in this check')
    const throws = (): never => {
      throw mistake
    }
    const told: [string, unknown][] = []
    const checks = [{ ...first, run: throws }, ...others]
    const report = await examine(ask, recordedClients('chapter-10/mended'), checks, {
      onBroken: (check, error) => told.push([check, error]),
    })
    expect(report.verdict).toBe('unclear')
    expect(told).toEqual([[first.name, mistake]])
    const text = reportText(checks, report)
    expect(text).toContain('unclear, because a check could not be run')
    expect(text).toContain(`check ${first.name}: broken (not run because of an internal error; the log has it)`)
    expect(reportMarkdown(checks, report)).toContain('not run because of an internal error')
    expect(reportJson(report).skipped).toEqual([
      expect.objectContaining({ check: first.name, reason: 'broken', partly: false }),
    ])
    expect((await examine(ask, recordedClients('chapter-10/ill'), checks)).verdict).toBe('ill')
  })

  it('is unclear when nothing can be seen', async () => {
    const recorded = recordedClients('chapter-10/ill')
    const report = await examine(
      ask,
      {
        ...recorded,
        kubernetes: {
          ...recorded.kubernetes,
          list: fails('unavailable'),
          served: fails('unavailable'),
          log: fails('unavailable'),
        },
        istioctl: { run: fails('unavailable') },
      },
      CHECKS,
    )
    expect(report.verdict).toBe('unclear')
    expect(report.findings).toEqual([])
    expect(report.readings.every(({ ok }) => !ok)).toBe(true)
  })

  it('has istioctl describe pods only for who compares what it says', async () => {
    const described = async (descriptions?: boolean): Promise<number> =>
      (await examine(ask, recordedClients('chapter-10/ill'), CHECKS, { descriptions })).plan.filter(
        ({ kind }) => kind === 'pod-description',
      ).length
    expect(await described()).toBe(0)
    expect(await described(true)).toBe(2)
  })

  it('without istiod it is not healthy', async () => {
    const recorded = recordedClients('chapter-10/mended')
    const report = await examine(
      ask,
      {
        ...recorded,
        istioctl: {
          run: (args, signal) =>
            args[0] === 'proxy-status' ? fails('unavailable')() : recorded.istioctl.run(args, signal),
        },
      },
      CHECKS,
    )
    expect(report.verdict).toBe('unclear')
    expect(report.skipped.map(({ kind }) => kind)).toContain('proxy-status')
  })

  const withoutAnalyzers: [string, UnseenError][] = [
    [
      'may not read what they read',
      new UnseenError('forbidden', 'httproutes.gateway.networking.k8s.io is forbidden', {
        permission: { verb: 'list', group: 'gateway.networking.k8s.io', resource: 'httproutes' },
      }),
    ],
    ['do not answer in time', new UnseenError('timeout', 'no answer within 20 s')],
    ['are of an older istioctl', new UnseenError('unavailable', 'Error: unknown flag: --remote-contexts')],
  ]

  it.each(withoutAnalyzers)(
    'is as sure without the analyzers, which only advise, when they %s; and says that they were not read',
    async (_, error) => {
      const recorded = recordedClients('chapter-10/mended')
      const { verdict, skipped, readings } = await examine(
        ask,
        {
          ...recorded,
          istioctl: {
            run: (args, signal) =>
              args[0] === 'analyze' ? Promise.reject(error) : recorded.istioctl.run(args, signal),
          },
        },
        CHECKS,
      )
      expect(readings.filter(({ ok }) => !ok)).toMatchObject([{ kind: 'analyzer-messages', reason: error.reason }])
      expect(skipped).toMatchObject([
        { check: 'analyzer-message', kind: 'analyzer-messages', reason: error.reason, detail: error.message },
      ])
      expect(verdict).toBe('healthy')
    },
  )

  it('is unclear when beside the analyzers a part of a proxy was not read', async () => {
    const recorded = recordedClients('chapter-10/mended')
    const { verdict, skipped } = await examine(
      ask,
      {
        ...recorded,
        istioctl: {
          run: (args, signal) =>
            args[0] === 'analyze' || args[1] === 'clusters'
              ? fails('forbidden')()
              : recorded.istioctl.run(args, signal),
        },
      },
      CHECKS,
    )
    expect(new Set(skipped.map(({ kind }) => kind))).toEqual(new Set(['analyzer-messages', 'clusters']))
    expect(verdict).toBe('unclear')
  })

  it('tells its steps while it runs, each once, and ends with all of them done', async () => {
    const told: string[][] = []
    const report = await examine(ask, recordedClients('chapter-10/ill'), CHECKS, {
      progress: { steps: (plan) => told.push(plan.map(({ id }) => id)) },
    })
    expect(told.every((ids) => new Set(ids).size === ids.length)).toBe(true)
    expect(report.plan.every(({ outcome }) => outcome === 'seen')).toBe(true)
  })

  it('stops when it is cancelled', async () => {
    const stop = new AbortController()
    const recorded = recordedClients('chapter-10/ill')
    const clients: Clients = { ...recorded, istioctl: { run: () => new Promise(() => undefined) } }
    const running = examine(ask, clients, CHECKS, { signal: stop.signal })
    setTimeout(() => stop.abort(new Error('cancelled')), 20)
    await expect(running).rejects.toThrow('cancelled')
  })

  it('gives up on a step that does not answer, and goes on', async () => {
    const recorded = recordedClients('chapter-10/ill')
    const clients: Clients = {
      ...recorded,
      istioctl: {
        run: (args, signal) =>
          args[0] === 'analyze' ? new Promise(() => undefined) : recorded.istioctl.run(args, signal),
      },
    }
    const report = await examine(ask, clients, CHECKS, { stepTimeout: 2000 })
    expect(report).toMatchObject({ verdict: 'ill', cause: { finding: { code: 'MESH0101' } } })
    expect(report.readings.filter(({ ok }) => !ok)).toEqual([
      expect.objectContaining({ kind: 'analyzer-messages', reason: 'timeout' }),
    ])
  })
})
