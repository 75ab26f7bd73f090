import { storedAudit, verifyAudit } from '../store/audit.ts'
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

/** `mesh-medic audit verify`: whether every entry is as it was written and in its place; exit code 2 when not. */
export async function verify(): Promise<number> {
  const backend = await openKeptRecords()
  try {
    const verdict = await verifyAudit(backend.records)
    if (verdict.ok) {
      await answer(
        `whole: ${verdict.entries} ${verdict.entries === 1 ? 'entry' : 'entries'}, head ${verdict.head}\nNote the head elsewhere: with it, entries cut off at the end would show too.\n`,
      )
      return EXIT.healthy
    }
    const how =
      verdict.broken === 'content'
        ? 'its content does not fit its hash: it was changed'
        : 'it does not follow the entry before: one was removed, added or changed'
    await answer(`BROKEN at entry ${verdict.sequence}: ${how}\n`)
    return EXIT.ill
  } finally {
    await backend.close()
  }
}
