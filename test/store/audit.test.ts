import { describe, expect, it } from 'vitest'
import { auditEntries, recordAudit, verifyAudit } from '../../src/store/audit.ts'
import type { Records } from '../../src/store/records.ts'
import { auditContract } from './audit-contract.ts'
import { memoryRecords } from './memory-records.ts'

/** The same records, but what is read from the stream has been changed: what somebody with access to the store could do. */
function tampered(records: Records, change: (entries: Record<string, unknown>[]) => unknown[]): Records {
  return {
    ...records,
    entries: async (stream, { from = 1, limit = 1000 } = {}) => {
      const values = (await records.entries(stream, { limit: 100_000 })).map(
        ({ value }) => value as Record<string, unknown>,
      )
      const changed = change(values).map((value, at) => ({ sequence: at + 1, value }))
      return changed.slice(from - 1, from - 1 + limit)
    },
  }
}

async function audited(count: number): Promise<Records> {
  const records = memoryRecords()
  for (let at = 1; at <= count; at++) {
    await recordAudit(records, {
      event: 'diagnosis-asked',
      by: { user: `U${at}`, team: 'T1' },
      run: `run${at}`,
      target: 'service/shop/catalog',
      facts: { at, gone: undefined },
    })
  }
  return records
}

describe('audit', () => {
  it('keeps events in order and chained', async () => {
    const records = await audited(2)
    const { sequence, entry } = await recordAudit(records, {
      event: 'fix-applied',
      by: { user: 'U9' },
      at: '2026-08-01T10:00:00.000Z',
      facts: { b: 1, a: [2] },
    })
    expect(sequence).toBe(3)
    const entries = await auditEntries(records)
    expect(entries.map(({ entry }) => entry.event)).toEqual(['diagnosis-asked', 'diagnosis-asked', 'fix-applied'])
    expect(entries[2]).toEqual({ sequence, entry })
    expect(entry.previous).toBe(entries[1]!.entry.hash)
    expect(await auditEntries(records, { from: 3 })).toHaveLength(1)
    expect(await verifyAudit(records)).toEqual({ ok: true, entries: 3, head: entry.hash })
  })

  it('is whole when nothing was recorded', async () => {
    expect(await verifyAudit(memoryRecords())).toEqual({ ok: true, entries: 0, head: '0'.repeat(64) })
  })

  it('stays whole when many record at once', async () => {
    const records = memoryRecords()
    await Promise.all(
      Array.from({ length: 30 }, (_, at) => recordAudit(records, { event: 'fix-proposed', by: { user: `U${at}` } })),
    )
    expect(await verifyAudit(records)).toMatchObject({ ok: true, entries: 30 })
  })

  it('names the entry that was changed', async () => {
    const records = await audited(5)
    for (const change of [
      { facts: { at: 4 } },
      { by: { user: 'U1' } },
      { at: '2020-01-01T00:00:00Z' },
      { hash: 'f'.repeat(64) },
      { extra: 1 },
    ]) {
      const changed = tampered(records, (entries) =>
        entries.map((entry, at) => (at === 2 ? { ...entry, ...change } : entry)),
      )
      expect(await verifyAudit(changed)).toEqual({ ok: false, sequence: 3, broken: 'content' })
    }
    const replaced = tampered(records, (entries) => entries.map((entry, at) => (at === 2 ? 'nonsense' : entry)))
    expect(await verifyAudit(replaced)).toEqual({ ok: false, sequence: 3, broken: 'content' })
  })

  it('names the entry after which one was taken out, put in or moved', async () => {
    const records = await audited(5)
    const removed = tampered(records, (entries) => entries.toSpliced(2, 1))
    const repeated = tampered(records, (entries) => entries.toSpliced(2, 0, entries[0]!))
    const swapped = tampered(records, (entries) => [entries[0]!, entries[1]!, entries[3]!, entries[2]!, entries[4]!])
    for (const records of [removed, repeated, swapped])
      expect(await verifyAudit(records)).toEqual({ ok: false, sequence: 3, broken: 'chain' })
  })

  auditContract(() => {
    const records = memoryRecords()
    return Promise.resolve([records, records])
  })

  it('refuses an event that it does not know', async () => {
    await expect(recordAudit(memoryRecords(), { event: 'odd' as 'fix-applied', by: { user: 'U1' } })).rejects.toThrow(
      'event',
    )
  })
})
