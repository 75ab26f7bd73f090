import { visible } from '../mesh/visible.ts'
import { readEntry, storedAudit } from '../store/audit.ts'
import { EXIT } from './exit-codes.ts'
import { answer } from './output.ts'
import { openKeptRecords } from './records.ts'

/** What one person said of one diagnosis. */
interface Judged {
  at: string
  by: string
  right: boolean
  run: string
  text: string
  code?: string
  subject?: string
}

/** `mesh-medic feedback`: which causes people held for right or wrong, latest first. */
export async function feedback({
  wrong = false,
  output,
}: {
  wrong?: boolean
  output: 'text' | 'json'
}): Promise<number> {
  const backend = await openKeptRecords()
  try {
    const last = new Map<string, Judged>()
    for await (const stored of storedAudit(backend.records)) {
      const entry = readEntry(stored)
      if (entry?.event !== 'cause-judged') continue
      const { at, by, run = '', facts } = entry
      const key = `${run} ${by.user}`
      last.delete(key)
      last.set(key, {
        at,
        by: by.user,
        right: facts.right === true,
        run,
        text: textOf(facts.text),
        ...(typeof facts.code === 'string' && { code: facts.code }),
        ...(typeof facts.subject === 'string' && { subject: facts.subject }),
      })
    }
    const all = [...last.values()].toReversed()
    const shown = wrong ? all.filter(({ right }) => !right) : all
    await answer(output === 'json' ? `${JSON.stringify(shown, null, 2)}\n` : `${linesOf(shown, all).join('\n')}\n`)
    return EXIT.healthy
  } finally {
    await backend.close()
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function linesOf(shown: readonly Judged[], all: readonly Judged[]): string[] {
  const right = all.filter((one) => one.right).length
  return [
    all.length === 0
      ? 'Nobody has said yet whether a cause was right.'
      : `${right} of ${all.length} ${all.length === 1 ? 'cause was' : 'causes were'} held for right.`,
    ...shown.map(({ at, by, right: isRight, run, text, code, subject }) =>
      visible(
        `${at.slice(0, 19).replace('T', ' ')}  ${isRight ? 'right' : 'WRONG'}  ${code ?? 'no cause'}  ${subject ?? ''}  diagnose ${text}  run ${run}, ${by}`.replaceAll(
          /\s*[\r\n\t]\s*/g,
          ' ',
        ),
      ),
    ),
  ]
}
