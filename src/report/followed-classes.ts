import type { FollowedClass } from '../diagnosis/report.ts'

/** What came of a class of requests, in words. */
const OUTCOMES: Readonly<Record<FollowedClass['outcome'], string>> = {
  arrives: 'arrives',
  fails: 'fails',
  contradicted: 'answered, contrary to the configuration',
  unknown: 'not known',
}
const FORESEEN: Readonly<Record<NonNullable<FollowedClass['foreseen']>, string>> = {
  arrives: 'arrives',
  fails: 'fails',
  unknown: 'not known',
}

/** What stands above the table of classes. */
export const CLASSES_HEAD = ['caller', 'request', 'seen', 'failed', 'foreseen', 'outcome'] as const

/** A class of requests as a row: who asks, for what, how many were seen and failed, what its caller's proxy says will happen, and what comes of it. */
export function classRow({
  caller,
  method,
  host,
  path,
  seen,
  probes,
  failed,
  foreseen,
  outcome,
}: FollowedClass): [caller: string, request: string, ...rest: string[]] {
  return [
    caller === undefined ? 'a caller whose proxy was not read' : caller.name,
    `${method} ${host}${path}`,
    probes === undefined ? String(seen) : `${seen} (${probes} probed)`,
    String(failed),
    foreseen === undefined ? 'not followed' : FORESEEN[foreseen],
    OUTCOMES[outcome],
  ]
}

/** Rows as lines of a terminal, their columns under each other. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
