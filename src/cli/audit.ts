import { auditEntries, verifyAudit } from '../store/audit.ts'
import { EXIT } from './exit-codes.ts'
import { answer } from './output.ts'
import { openRecords } from './records.ts'

const PAGE = 1000

/** `mesh-medic audit export`: every entry as a line of JSON, `{sequence, entry}`, oldest first. */
export async function exportAudit(): Promise<number> {
  const backend = await openRecords()
  try {
    for (let from = 1; ;) {
      const page = await auditEntries(backend.records, { from, limit: PAGE })
      if (page.length > 0) await answer(`${page.map((line) => JSON.stringify(line)).join('\n')}\n`)
      from += page.length
      if (page.length < PAGE) return EXIT.healthy
    }
  } finally {
    await backend.close()
  }
}

/** `mesh-medic audit verify`: whether every entry is as it was written and in its place; exit code 2 when not. */
export async function verify(): Promise<number> {
  const backend = await openRecords()
  try {
    const verdict = await verifyAudit(backend.records)
    if (verdict.ok) {
      await answer(`whole: ${verdict.entries} ${verdict.entries === 1 ? 'entry' : 'entries'}, head ${verdict.head}\nNote the head elsewhere: with it, entries cut off at the end would show too.\n`)
      return EXIT.healthy
    }
    const how = verdict.broken === 'content' ? 'its content does not fit its hash: it was changed' : 'it does not follow the entry before: one was removed, added or changed'
    await answer(`BROKEN at entry ${verdict.sequence}: ${how}\n`)
    return EXIT.ill
  } finally {
    await backend.close()
  }
}
