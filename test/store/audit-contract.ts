import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/store/audit.ts'
import { auditEntries, recordAudit, recordAuditOnce, verifyAudit } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import { StoreUnavailableError } from '../../src/store/records.ts'

type Call = { [K in keyof Records]: K }[keyof Records]

/** The same store, for a worker that is killed at its nth call of these operations: before the call is carried out, or right after. */
function killedAt(records: Records, calls: readonly Call[], n: number, when: 'before' | 'after'): Records {
  let called = 0
  const dying = { ...records } as Record<string, unknown>
  for (const name of calls) {
    const call = async (...args: unknown[]): Promise<unknown> =>
      (records as unknown as Record<Call, (...args: unknown[]) => Promise<unknown>>)[name](...args)
    dying[name] = async (...args: unknown[]) => {
      called += 1
      if (called !== n) return call(...args)
      if (when === 'after') await call(...args)
      throw new StoreUnavailableError(name)
    }
  }
  return dying as unknown as Records
}

const event: AuditEvent = { event: 'fix-applied', by: { user: 'U1' }, run: 'run1', facts: { change: 'c1' } }

/** What recording once must do on every store. `open` gives two handles to one store, whose audit is empty. */
export function auditContract(open: () => Promise<[Records, Records]>): void {
  const many = async (records: Records, once: string, name = event.event): Promise<number> => {
    const entries = await auditEntries(records, { limit: 100_000 })
    return entries.filter(({ entry }) => entry.event === name && entry.facts.once === once).length
  }

  describe('an event that is recorded once', () => {
    it('is there once, however often it is recorded, and apart from others', async () => {
      const [records] = await open()
      for (let time = 0; time < 3; time += 1) {
        await recordAuditOnce(records, 'run1', event)
        await recordAudit(records, { event: 'diagnosis-asked', by: { user: 'U2' } })
        await recordAuditOnce(records, 'run2', event)
        await recordAuditOnce(records, 'run1', { ...event, event: 'fix-verified' })
      }
      expect([
        await many(records, 'run1'),
        await many(records, 'run2'),
        await many(records, 'run1', 'fix-verified'),
      ]).toEqual([1, 1, 1])
      expect(await verifyAudit(records)).toMatchObject({ ok: true, entries: 6 })
    })

    it('is there once when many record it at the same moment, beside others who record', async () => {
      const handles = await open()
      const [records] = handles
      await Promise.all(
        Array.from({ length: 24 }, (_, n) => {
          const handle = handles[n % 2] ?? records
          return n % 3 === 2
            ? recordAudit(handle, { event: 'diagnosis-asked', by: { user: `U${n}` } })
            : recordAuditOnce(handle, n % 3 === 0 ? 'run3' : 'run4', event)
        }),
      )
      expect([await many(records, 'run3'), await many(records, 'run4')]).toEqual([1, 1])
      expect(await verifyAudit(records)).toMatchObject({ ok: true, entries: 10 })
    })

    it('is there once wherever its worker was killed, whatever others recorded meanwhile', async () => {
      const [records] = await open()
      const calls: Call[] = ['read', 'write', 'append', 'entries', 'lastEntry']
      let kills = 0
      for (const when of ['before', 'after'] as const) {
        for (let n = 1; ; n += 1) {
          const once = `killed-${when}-${n}`
          const died = await recordAuditOnce(killedAt(records, calls, n, when), once, event).then(
            () => false,
            () => true,
          )
          await recordAudit(records, { event: 'diagnosis-asked', by: { user: 'U2' } })
          await recordAuditOnce(records, once, event)
          expect(await many(records, once), once).toBe(1)
          if (!died) break
          kills += 1
        }
      }
      expect(kills).toBeGreaterThanOrEqual(10)
      expect(await verifyAudit(records)).toMatchObject({ ok: true })
    })

    it('costs no look at the entries once it is there', async () => {
      const [records] = await open()
      await recordAuditOnce(records, 'run5', event)
      const looks: string[] = []
      const watched: Records = {
        ...records,
        entries: async (...args) => {
          looks.push('entries')
          return records.entries(...args)
        },
      }
      await recordAuditOnce(watched, 'run5', event)
      expect(looks).toEqual([])
    })
  })
}
