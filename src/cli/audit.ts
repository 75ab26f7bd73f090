import { loadConfig } from '../config.ts'
import { UserError } from '../mesh/user-error.ts'
import { storedAudit } from '../store/audit.ts'
import { verifySigned, type HeadProblem } from '../store/audit-head.ts'
import { EXIT } from './exit-codes.ts'
import { answer } from './output.ts'
import { openKeptRecords } from './records.ts'

const PAGE = 1000

/** `mesh-medic audit export`: every entry as it is stored, a line of JSON each, `{sequence, entry}`, oldest first. */
export async function exportAudit(): Promise<number> {
  const backend = await openKeptRecords()
  try {
    let lines: string[] = []
    const out = async (): Promise<void> => {
      if (lines.length > 0) await answer(`${lines.join('\n')}\n`)
      lines = []
    }
    for await (const { sequence, value } of storedAudit(backend.records)) {
      if (lines.push(JSON.stringify({ sequence, entry: value })) === PAGE) await out()
    }
    await out()
    return EXIT.healthy
  } finally {
    await backend.close()
  }
}

/** What to say of a head that does not fit. */
const PROBLEMS: Readonly<Record<HeadProblem, (sequence: number) => string>> = {
  unsigned: () => 'there is no signed head: the audit was emptied, or no bot with this key has written to it',
  forged: () => 'its head was not signed with MESH_MEDIC_AUDIT_KEY: it was forged, or the key is a different one',
  cut: (sequence) => `entry ${sequence} existed and is missing now: the end was cut off`,
  rewritten: (sequence) => `entry ${sequence} is not the one whose head was published: the chain was rewritten`,
}

/**
 * `mesh-medic audit verify`: whether every entry is as it was written and in its place, and with a key whether it is the audit that was signed; exit code 2
 * when not.
 * @param published `SEQUENCE:HEAD`, as a log or webhook has it
 */
export async function verify(published?: string): Promise<number> {
  const known = published === undefined ? undefined : headFrom(published)
  const key = loadConfig(process.env).audit.key?.reveal()
  const backend = await openKeptRecords()
  try {
    const verdict = await verifySigned(backend.records, { key, published: known })
    if (verdict.ok) {
      const note =
        key === undefined
          ? 'Keep the head somewhere else: with it, entries cut off at the end are detected too.'
          : 'It continues from the head that was signed last.'
      await answer(
        `whole: ${verdict.entries} ${verdict.entries === 1 ? 'entry' : 'entries'}, head ${verdict.head}\n${note}\n`,
      )
      return EXIT.healthy
    }
    if ('head' in verdict) {
      await answer(`BROKEN: ${PROBLEMS[verdict.head](verdict.sequence)}\n`)
      return EXIT.ill
    }
    const how =
      verdict.broken === 'content'
        ? 'its content does not match its hash: it was changed'
        : 'it does not follow the previous entry: one was removed, added or changed'
    await answer(`BROKEN at entry ${verdict.sequence}: ${how}\n`)
    return EXIT.ill
  } finally {
    await backend.close()
  }
}

function headFrom(text: string): { sequence: number; head: string } {
  const [, sequence, head] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? []
  if (sequence === undefined || head === undefined)
    throw new UserError({
      why: `${JSON.stringify(text.slice(0, 100))} is not a head: write SEQUENCE:HEAD, as the log has it.`,
    })
  return { sequence: Number(sequence), head }
}
