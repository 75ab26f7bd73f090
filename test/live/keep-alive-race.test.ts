import { describe, expect, it } from 'vitest'
import { readSituation } from '../situation.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { meshMedic } from './cli.ts'
import { makeIll, mend, NAMESPACE, sendRequests } from './mesh.ts'

const ASK = ['diagnose', 'catalog', '-n', NAMESPACE]
/** Whether a request meets the moment in which the application closes its connection is chance: traffic is sent until some did. */
const MOST_TRIES = 6
const FEWEST_CUT = 12

describe('an application that closes idle connections, on a real mesh', () => {
  const situation = readSituation('keep-alive-race')
  const traffic = situation.traffic ?? { host: '', path: '', requests: 0 }
  it('is named, with how long connections were idle', async () => {
    await makeIll(situation)
    const find = async (): Promise<Report['findings'][number] | undefined> => {
      let cut = 0
      for (let tries = 0; tries < MOST_TRIES && cut < FEWEST_CUT; tries += 1)
        cut += (await sendRequests(traffic))[503] ?? 0
      expect(cut).toBeGreaterThanOrEqual(FEWEST_CUT)
      const { report } = await meshMedic(ASK)
      return report.findings.find(({ code }) => code === 'MESH0437' || code === 'MESH0438')
    }
    // On a busy machine the pauses of those that were cut may lie too far apart; the next ones do not.
    const found = (await find()) ?? (await find()) ?? (await find())
    expect(found).toMatchObject({
      check: 'keep-alive-race',
      standing: 'observed',
      subject: { kind: 'Deployment', namespace: NAMESPACE, name: 'catalog' },
    })
    // As the proxy counts it: the application's timer may have begun some milliseconds before.
    expect(found?.args.idle).toMatch(/^(?:[89]\d\d ms|1(?:\.\d\d?)? s)$/)
    expect(found?.because[0].quote).toMatch(/ 503 UC upstream_reset_before_response_started/)
  }, 300_000)

  it('the healthy twin says nothing', async () => {
    await mend(situation)
    const counts = await sendRequests(traffic)
    expect(counts[503] ?? 0).toBe(0)
    const { report: mended } = await meshMedic(ASK)
    expect(mended.verdict).toBe('healthy')
    expect(mended.findings.map(({ code }) => code).filter((code) => /^MESH04(0[1-4]|3[789])$/.test(code))).toEqual([])
  }, 180_000)
})
