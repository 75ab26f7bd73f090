import type { ChangeSeen } from '../diagnosis/triage/changes-within.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Mark } from './telling.ts'

/** What was changed, in a few words, without its time: `VirtualService shop/catalog changed by kubectl-edit`. */
export function changeSeenText({ kind, of, by, says }: ChangeSeen, mark: Mark = (value) => value): string {
  const who = by === undefined ? '' : ` by ${by}`
  if (kind === 'event') return `${mark(formatRef(of))} ${says ?? ''}`
  if (kind === 'rollout') return `rollout of ${mark(formatRef(of))}${who}`
  return `${mark(formatRef(of))} ${kind === 'created' ? 'created' : 'changed'}${who}`
}
