import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { AuditChain, readEntry, storedAudit, verifyAudit, type AuditVerdict } from './audit.ts'
import { countUnreadable, unreadableRecords } from './list-readable.ts'
import { ConflictError, type Records, type Stored } from './records.ts'

const COLLECTION = 'audit-head'
const ID = 'head'

/** The end of the chain of audit entries at some moment. `signature` is the HMAC-SHA256 (hex) of the rest with the key of the configuration. */
export const AuditHead = z.object({
  sequence: z.number().int().nonnegative(),
  head: z.string(),
  at: z.iso.datetime(),
  signature: z.string().optional(),
})
export type AuditHead = z.infer<typeof AuditHead>

/** What is wrong with the audit besides its chain. */
export type HeadProblem = 'unsigned' | 'forged' | 'cut' | 'rewritten'
export type SignedVerdict = AuditVerdict | { ok: false; head: HeadProblem; sequence: number }

const signatureOf = ({ sequence, head, at }: AuditHead, key: string): string =>
  createHmac('sha256', key).update(`mesh-medic audit head\n${sequence}\n${head}\n${at}`).digest('hex')

/** Whether a head was signed with the key. */
export function isSigned(head: AuditHead, key: string): boolean {
  const [given, own] = [Buffer.from(head.signature ?? '', 'hex'), Buffer.from(signatureOf(head, key), 'hex')]
  return given.length === own.length && timingSafeEqual(given, own)
}

async function readHead(records: Records): Promise<(Stored<unknown> & { head: AuditHead | undefined }) | undefined> {
  const stored = await records.read(COLLECTION, ID)
  return stored === undefined ? undefined : { ...stored, head: AuditHead.safeParse(stored.value).data }
}

/**
 * The chain, and with a key whether it still is the one whose head was signed last: one that was written anew, or emptied, is not.
 * @param published a head that was written down elsewhere: also what was put back to an earlier state shows then
 */
export async function verifySigned(
  records: Records,
  { key, published }: { key?: string | undefined; published?: Pick<AuditHead, 'sequence' | 'head'> | undefined },
): Promise<SignedVerdict> {
  const verdict = await verifyAudit(records)
  if (!verdict.ok) return verdict
  const signed = key === undefined ? undefined : (await readHead(records))?.head
  if (key !== undefined) {
    if (signed === undefined) return { ok: false, head: 'unsigned', sequence: 0 }
    if (!isSigned(signed, key)) return { ok: false, head: 'forged', sequence: signed.sequence }
  }
  for (const one of [signed, published]) {
    if (one === undefined) continue
    const problem = await problemOf(records, one, verdict.entries)
    if (problem !== undefined) return { ok: false, head: problem, sequence: one.sequence }
  }
  return verdict
}

async function problemOf(
  records: Records,
  { sequence, head }: Pick<AuditHead, 'sequence' | 'head'>,
  entries: number,
): Promise<HeadProblem | undefined> {
  if (sequence > entries) return 'cut'
  if (sequence === 0) return undefined
  const [entry] = await records.entries('audit', { from: sequence, limit: 1 })
  return (entry?.value as { hash?: unknown } | undefined)?.hash === head ? undefined : 'rewritten'
}

/** A head that was just signed. `isFirst`: there was no signed one before, so that nothing tells what the audit held until now. */
export interface NewHead {
  head: AuditHead
  isFirst: boolean
}

/**
 * Signs the end of the chain as it is now, when it grew from the end that was signed last; answers the head that is new, if there is one.
 * @param known the head that this process signed or saw last
 * @throws {AuditRewrittenError} when it did not, and then signs nothing
 */
export async function signHead(
  records: Records,
  key: string | undefined,
  known?: AuditHead,
): Promise<NewHead | undefined> {
  const stored = await readHead(records)
  const last = key === undefined || stored?.head?.signature !== undefined ? stored?.head : undefined
  const isForged = key !== undefined && (last === undefined ? stored?.head === undefined : !isSigned(last, key))
  if (stored !== undefined && isForged)
    throw new AuditRewrittenError(
      'the signature of the audit does not match the key: it was forged, or the key was changed',
    )
  const chain = new AuditChain(last)
  let odd = 0
  for await (const entry of storedAudit(records, (last?.sequence ?? 0) + 1)) {
    chain.add(entry)
    if (readEntry(entry) === undefined) odd += 1
  }
  if (odd > 0) countUnreadable('audit', (unreadableRecords().get('audit') ?? 0) + odd)
  const { verdict } = chain
  if (!verdict.ok) throw new AuditRewrittenError(`the audit was changed at entry ${verdict.sequence}`)
  const entries = (await records.lastEntry('audit'))?.sequence ?? 0
  for (const one of [last, known]) {
    const problem = one === undefined ? undefined : await problemOf(records, one, entries)
    if (problem !== undefined)
      throw new AuditRewrittenError(
        `the audit is not the one whose head was at entry ${one?.sequence ?? 0}: ${problem}`,
      )
  }
  if (last?.sequence === verdict.entries) return undefined
  const head: AuditHead = { sequence: verdict.entries, head: verdict.head, at: new Date().toISOString() }
  const signed = key === undefined ? head : { ...head, signature: signatureOf(head, key) }
  try {
    await records.write(COLLECTION, ID, signed, { expected: stored?.version ?? 'absent' })
  } catch (error) {
    // Another process was faster.
    if (error instanceof ConflictError) return undefined
    throw error
  }
  return { head: signed, isFirst: last === undefined }
}

/** The audit is not what it was. */
export class AuditRewrittenError extends Error {
  override readonly name = 'AuditRewrittenError'
}
