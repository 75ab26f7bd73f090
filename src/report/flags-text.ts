import type { AskedFlag } from '../mesh/flags-asked.ts'

/** Response flags as a terminal shows them: one at length, several as a list. */
export function flagsText(flags: readonly AskedFlag[]): string {
  const [one, ...more] = flags
  if (one !== undefined && more.length === 0)
    return [`${one.flag} (${one.name}): ${one.meaning}`, `Caused by: ${one.by}`, `Next: ${one.next}`, ''].join('\n')
  const wide = Math.max(...flags.map(({ flag }) => flag.length))
  return [...flags.map(({ flag, meaning, by }) => `${flag.padEnd(wide)}  ${meaning} (${by})`), ''].join('\n')
}
