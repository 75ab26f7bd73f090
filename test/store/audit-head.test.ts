import { beforeEach, describe, expect, it } from 'vitest'
import { auditEntries, isNotedLately, recordAudit, recordAuditOnce } from '../../src/store/audit.ts'
import { AuditRewrittenError, isSigned, signHead, verifySigned } from '../../src/store/audit-head.ts'
import type { Records } from '../../src/store/records.ts'
import { memoryRecords } from './memory-records.ts'

const KEY = 'a key that nobody who writes to the store has'
const OTHER = 'another key, of the same length as the first.'
const NOTHING = '0'.repeat(64)

let records: Records
beforeEach(() => {
  records = memoryRecords()
})

const record = (run: string, into = records) =>
  recordAudit(into, { event: 'fix-applied', by: { user: 'U1' }, run, facts: {} })

/** Another store: what somebody makes of the records who has no key. The head is put there as it was signed. */
async function copyWith(runs: readonly string[]): Promise<Records> {
  const copy = memoryRecords()
  for (const run of runs) await record(run, copy)
  const head = await records.read('audit-head', 'head')
  if (head !== undefined) await copy.write('audit-head', 'head', head.value)
  return copy
}

describe('the signed head of the audit', () => {
  it('is signed when the audit has grown, and verified with the key alone', async () => {
    expect(await signHead(records, KEY)).toMatchObject({ head: { sequence: 0, head: NOTHING }, isFirst: true })
    expect(await signHead(records, KEY)).toBeUndefined()
    await record('one')
    await record('two')
    const { head, isFirst } = (await signHead(records, KEY))!
    expect([head.sequence, isFirst]).toEqual([2, false])
    expect([isSigned(head, KEY), isSigned(head, OTHER), isSigned({ ...head, sequence: 1 }, KEY)]).toEqual([
      true,
      false,
      false,
    ])
    // What came since is no reason for doubt.
    await record('three')
    expect(await verifySigned(records, { key: KEY })).toMatchObject({ ok: true, entries: 3 })
    expect(await verifySigned(records, { key: OTHER })).toEqual({ ok: false, head: 'forged', sequence: 2 })
  })

  it('shows that the chain was rewritten, though it is whole', async () => {
    for (const run of ['one', 'two', 'three']) await record(run)
    await signHead(records, KEY)
    const anew = await copyWith(['one', 'not two', 'three'])
    expect(await verifySigned(anew, {})).toMatchObject({ ok: true, entries: 3 })
    expect(await verifySigned(anew, { key: KEY })).toEqual({ ok: false, head: 'rewritten', sequence: 3 })
    await expect(signHead(anew, KEY)).rejects.toThrow(AuditRewrittenError)
  })

  it('shows that entries were cut off at the end, and that all of it was emptied', async () => {
    for (const run of ['one', 'two']) await record(run)
    await signHead(records, KEY)
    const cut = await copyWith(['one'])
    expect(await verifySigned(cut, { key: KEY })).toEqual({ ok: false, head: 'cut', sequence: 2 })
    await expect(signHead(cut, KEY)).rejects.toThrow(AuditRewrittenError)
    expect(await verifySigned(memoryRecords(), {})).toMatchObject({ ok: true, entries: 0 })
    expect(await verifySigned(memoryRecords(), { key: KEY })).toEqual({
      ok: false,
      head: 'unsigned',
      sequence: 0,
    })
  })

  it('is not replaced when somebody forged it', async () => {
    await record('one')
    const { head } = (await signHead(records, KEY))!
    await records.write('audit-head', 'head', { ...head, signature: 'ab'.repeat(32) })
    await expect(signHead(records, KEY)).rejects.toThrow('does not match the key')
    await records.write('audit-head', 'head', { odd: true })
    await expect(signHead(records, KEY)).rejects.toThrow('does not match the key')
  })

  it('shows what was put back to an earlier state, when a head was written down elsewhere', async () => {
    await record('one')
    await signHead(records, KEY)
    const earlier = await copyWith([])
    for (const { entry } of await auditEntries(records)) await earlier.append('audit', entry)
    await record('two')
    const { head: published } = (await signHead(records, KEY))!
    expect(await verifySigned(earlier, { key: KEY })).toMatchObject({ ok: true })
    expect(await verifySigned(earlier, { key: KEY, published })).toEqual({ ok: false, head: 'cut', sequence: 2 })
    expect(await verifySigned(records, { published: { sequence: 1, head: NOTHING } })).toMatchObject({
      ok: false,
      head: 'rewritten',
    })
  })

  it('is published without a key too, and signed once there is one', async () => {
    await record('one')
    expect((await signHead(records, undefined))?.head.signature).toBeUndefined()
    expect(await signHead(records, undefined)).toBeUndefined()
    const signed = await signHead(records, KEY)
    expect(signed).toMatchObject({
      isFirst: true,
      head: { signature: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    })
  })

  it('is not made for what a process knows to be another audit, though the signed head was taken away', async () => {
    for (const run of ['one', 'two']) await record(run)
    const { head } = (await signHead(records, KEY))!
    await records.remove('audit-head', 'head')
    expect(await verifySigned(records, { key: KEY })).toMatchObject({ ok: false, head: 'unsigned' })
    const anew = memoryRecords()
    for (const run of ['one', 'not two']) await record(run, anew)
    await expect(signHead(anew, KEY, head)).rejects.toThrow('not the one whose head was at entry 2: rewritten')
    // A process that knows nothing signs it, and tells that it is the first time.
    expect(await signHead(anew, KEY)).toMatchObject({ isFirst: true })
  })
})

describe('an audit entry of another form', () => {
  it('keeps nobody from recording, nor from reading the others', async () => {
    await record('one')
    for (const odd of [7, 'odd', null, { event: 7 }, [], { hash: 8 }]) await records.append('audit', odd)
    await recordAuditOnce(records, 'two', { event: 'fix-approved', by: { user: 'U1' }, run: 'two', facts: {} })
    await recordAuditOnce(records, 'two', { event: 'fix-approved', by: { user: 'U1' }, run: 'two', facts: {} })
    expect((await auditEntries(records)).map(({ entry }) => entry.run)).toEqual(['one', 'two'])
    expect(await isNotedLately(records, 'fix-approved', 'two')).toBe(true)
  })

  it('nor does an odd note of what was recorded', async () => {
    await records.write('audit-once', 'fix-approved:one', { after: 'odd' })
    for (const _ of [1, 2])
      await recordAuditOnce(records, 'one', { event: 'fix-approved', by: { user: 'U1' }, run: 'one', facts: {} })
    expect((await auditEntries(records)).map(({ entry }) => entry.run)).toEqual(['one'])
  })
})
