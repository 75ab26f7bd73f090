import type { Verdict } from '../diagnosis/report.ts'

/** What a script may rely on. */
export const EXIT = {
  healthy: 0,
  broken: 1,
  ill: 2,
  unclear: 3,
  starting: 4,
  'not in the mesh': 5,
  usage: 64,
  interrupted: 130,
  terminated: 143,
} as const

/** The exit code of a verdict. */
export const exitCodeOf = (verdict: Verdict): number => EXIT[verdict]
