import { expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { recordedClients } from '../replay.ts'

const ask = parseTarget('catalog', 'istioinaction')

/** The recorded mesh whose nth call to the outside fails. */
function failingAt(n: number): { clients: Clients; calls: () => number } {
  const recorded = recordedClients('chapter-10/mended')
  let calls = 0
  const pass = async <T>(ask: () => Promise<T>): Promise<T> => {
    calls += 1
    if (calls === n) throw new UnseenError('unavailable', `call ${n} failed`)
    return ask()
  }
  const { kubernetes, istioctl } = recorded
  return {
    calls: () => calls,
    clients: {
      ...recorded,
      kubernetes: {
        ...kubernetes,
        list: (...args) => pass(() => kubernetes.list(...args)),
        log: (...args) => pass(() => kubernetes.log(...args)),
      },
      istioctl: { run: (...args) => pass(() => istioctl.run(...args)) },
    },
  }
}

it('a diagnosis survives the failure of any one look at the mesh, and is then never falsely ill', async () => {
  const whole = failingAt(0)
  expect((await examine(ask, whole.clients, CHECKS)).verdict).toBe('healthy')
  expect(whole.calls()).toBeGreaterThan(30)
  for (let n = 1; n <= whole.calls(); n += 1) {
    const report = await examine(ask, failingAt(n).clients, CHECKS)
    expect(report.verdict, `call ${n}`).not.toBe('ill')
    // A kind of other controllers that may not be listed costs nothing but itself.
    const kinds = new Evidence(report.readings).seen('other-objects').flatMap(({ value }) => value)
    const unseen = [...report.readings.filter(({ ok }) => !ok), ...kinds.filter((one) => one.unseen !== undefined)]
    expect(unseen, `call ${n}`).toHaveLength(1)
  }
})
