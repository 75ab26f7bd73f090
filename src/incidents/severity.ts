import type { AlertLabels } from '../alerts/alert.ts'

/** Words for how bad an alert is, mildest first; those of one line weigh the same. */
const LEVELS: readonly (readonly string[])[] = [
  ['none', 'ok'],
  ['info', 'informational', 'low', 'p5', 'p4', 'sev5', 'sev4'],
  ['warning', 'warn', 'ticket', 'medium', 'p3', 'sev3'],
  ['error', 'high', 'major', 'p2', 'sev2'],
  ['critical', 'page', 'emergency', 'fatal', 'p1', 'sev1'],
]

/** How bad an alert says it is; undefined when it doesn't. */
export const severityOf = (labels: AlertLabels): string | undefined => {
  const word = labels.severity ?? labels.sloth_severity ?? labels.priority
  return word === undefined || word === '' || word.length > 40 ? undefined : word
}

const weight = (word: string | undefined): number =>
  word === undefined ? -1 : LEVELS.findIndex((level) => level.includes(word.toLowerCase()))

/** True when the second is known to be worse than the first. */
export const isWorse = (from: string | undefined, to: string | undefined): boolean =>
  weight(to) >= 0 && weight(to) > weight(from)
