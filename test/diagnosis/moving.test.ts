import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { saysTheSame } from '../../src/diagnosis/moving.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { headline } from '../../src/report/telling.ts'
import { reportText } from '../../src/report/text.ts'
import { recordedClients } from '../replay.ts'
import { parseAsk } from '../situation.ts'

const ASK = parseAsk('catalog -n istioinaction')
const ill = recordedClients('chapter-10/ill')
const mended = recordedClients('chapter-10/mended')

/** A mesh that is another at each reading, and whose proxies say that they changed while the first `moving` readings were made. */
function meshIn(states: readonly Clients[], moving: number): { clients: Clients; readings: () => number } {
  let readings = 0
  const current = (): Clients => states[Math.min(Math.max(readings, 1), states.length) - 1]!
  return {
    readings: () => readings,
    clients: {
      ...mended,
      kubernetes: {
        ...mended.kubernetes,
        list: (resource, where, signal) => {
          if (resource.plural === 'namespaces') readings += 1
          return current().kubernetes.list(resource, where, signal)
        },
        log: (...args) => current().kubernetes.log(...args),
      },
      istioctl: {
        run: (...args) => current().istioctl.run(...args),
        changedAt: () => new Date(current().now().getTime() + (readings <= moving ? 1 : -60_000)),
      },
      now: () => current().now(),
    },
  }
}

describe('configuration that changes while it is read', () => {
  it('is read once when nothing changed', async () => {
    const { clients, readings } = meshIn([mended], 0)
    await examine(ASK, clients, CHECKS)
    expect(readings()).toBe(1)
  })

  it('is read once more, and what is seen then holds', async () => {
    const { clients, readings } = meshIn([ill, mended], 1)
    const report = await examine(ASK, clients, CHECKS)
    expect(readings()).toBe(2)
    expect(saysTheSame(report, await examine(ASK, mended, CHECKS))).toBe(true)
    expect(report.skipped.filter(({ reason }) => reason === 'moving')).toEqual([])
  })

  it('that changes again is unclear when the two readings do not say the same, and claims no cause', async () => {
    const { clients, readings } = meshIn([mended, ill], 9)
    const report = await examine(ASK, clients, CHECKS)
    expect(readings()).toBe(2)
    expect(report.verdict).toBe('unclear')
    expect(report.cause).toBeUndefined()
    expect(headline(CHECKS, report)).toContain('unclear, because not everything that matters could be seen')
    expect(reportText(CHECKS, report)).toContain('configuration at one moment: moving')
  })

  it('that changes again does not matter when the two say the same', async () => {
    const { clients, readings } = meshIn([ill, ill], 9)
    const report = await examine(ASK, clients, CHECKS)
    expect(readings()).toBe(2)
    expect(report).toMatchObject({ verdict: 'ill', cause: { finding: { code: 'MESH0101' } } })
  })
})
