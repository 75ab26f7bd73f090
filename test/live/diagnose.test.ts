import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codesOf, outcomeOf, readSituation, everySituation } from '../situation.ts'
import { meshMedic } from './cli.ts'
import { abandonNamespace, kubectl, makeIll, mend, NAMESPACE, sendRequests, situatedIn, until } from './mesh.ts'

const ASK = ['diagnose', 'catalog', '-n', NAMESPACE]

describe('chapter 10 on a real mesh', () => {
  const situation = readSituation('chapter-10')
  beforeAll(() => makeIll(situation))

  it('before any traffic: ill, live', async () => {
    const { report, exitCode } = await meshMedic(ASK)
    expect(exitCode).toBe(2)
    expect(report).toMatchObject({
      verdict: 'ill',
      cause: {
        finding: {
          code: 'MESH0101',
          check: 'missing-subset',
          subject: { kind: 'VirtualService', namespace: NAMESPACE, name: 'catalog-v1-v2' },
          standing: 'live',
        },
      },
    })
  })

  it('after traffic: ill, observed', async () => {
    expect(await sendRequests({ host: 'catalog.istioinaction.io', path: '/items', requests: 20 })).toEqual({ 503: 20 })
    const { report, exitCode } = await meshMedic(ASK)
    expect(exitCode).toBe(2)
    expect(report).toMatchObject({
      verdict: 'ill',
      cause: { finding: { code: 'MESH0101', standing: 'observed' } },
      traffic: { requests: 20, failed: 20 },
      follow: { dies: 'cluster' },
    })
  })

  it('the same however the target is named', async () => {
    for (const target of [
      'catalog.istioinaction',
      'deploy/catalog',
      'catalog.istioinaction.svc.cluster.local',
      'http://catalog.istioinaction.io/items',
    ]) {
      const { report } = await meshMedic([
        'diagnose',
        target,
        ...(target.startsWith('deploy') ? ['-n', NAMESPACE] : []),
      ])
      expect(report, target).toMatchObject({ verdict: 'ill', cause: { finding: { code: 'MESH0101' } } })
    }
  })

  it('with the DestinationRule: healthy, before and after traffic', async () => {
    await mend(situation)
    expect(await meshMedic(ASK)).toMatchObject({ exitCode: 0, report: { verdict: 'healthy' } })
    expect(await sendRequests({ host: 'catalog.istioinaction.io', path: '/items', requests: 20 })).toEqual({ 200: 20 })
    expect(await meshMedic(ASK)).toMatchObject({
      exitCode: 0,
      report: { verdict: 'healthy', traffic: { requests: 20, failed: 0 }, follow: { dies: null, outcome: 'arrives' } },
    })
  })

  it('with istiod stopped: never healthy', async () => {
    await kubectl(['-n', 'istio-system', 'scale', 'deployment/istiod', '--replicas=0'])
    try {
      await until(
        'istiod to stop',
        60,
        async () => (await kubectl(['-n', 'istio-system', 'get', 'pods', '-l', 'app=istiod', '-o', 'name'])) === '',
      )
      const { report, exitCode } = await meshMedic(ASK)
      expect(report.verdict).not.toBe('healthy')
      expect([2, 3]).toContain(exitCode)
      expect(report.readings).toContainEqual(expect.objectContaining({ kind: 'proxy-status', ok: false }))
    } finally {
      await kubectl(['-n', 'istio-system', 'scale', 'deployment/istiod', '--replicas=1'])
      await kubectl(['-n', 'istio-system', 'rollout', 'status', 'deployment/istiod', '--timeout=120s'])
    }
  })
})

/** Two situations at a time, each in a namespace of its own; the others are being deleted meanwhile. */
const free = ['a', 'b', 'c', 'd'].map((lane) => `${NAMESPACE}-${lane}`)

/** Those with tests of their own. */
const NOT_MADE = new Set(['chapter-10', 'keep-alive-race', 'slow-pod-counted'])

describe.concurrent.each(everySituation().filter(({ name }) => !NOT_MADE.has(name)))('$name, made anew', (plain) => {
  it('names the cause, and its mended twin is healthy', async () => {
    const namespace = free.shift()
    if (namespace === undefined) throw new Error('more situations at a time than namespaces for them')
    const situation = situatedIn(namespace, plain)
    const ask = ['diagnose', ...situation.ask.split(' ')]
    try {
      await makeIll(situation, namespace)
      if (situation.traffic !== undefined) await sendRequests(situation.traffic, namespace)
      const { report: ill } = await meshMedic(ask)
      expect(outcomeOf(ill, situation)).toEqual(situation.expect)
      await mend(situation, namespace)
      if (situation.traffic !== undefined) await sendRequests(situation.traffic, namespace)
      const { report: mended } = await meshMedic(ask)
      const { verdict, verdictReason, cause } = mended
      expect({ verdict, verdictReason, cause }).toMatchObject({ verdict: 'healthy' })
      expect(mended.follow?.dies ?? null).toBe(null)
      expect(mended.findings.map(({ code }) => code).filter((code) => codesOf(situation).includes(code))).toEqual([])
    } finally {
      await abandonNamespace(namespace)
      free.push(namespace)
    }
  })
})

afterAll(() => abandonNamespace(NAMESPACE))
