import { formatRef } from '../../mesh/ref.ts'
import type { Write } from '../proposal.ts'

/** One sentence: how writes are taken back, the last one first. */
export function undoText(writes: readonly Write[]): string {
  const parts = writes.toReversed().map((write) => {
    const object = formatRef(write.ref)
    if (write.verb === 'delete') return `creates ${object} again from the full copy that is kept`
    return write.was === 'absent' ? `deletes ${object}` : `restores the former fields of ${object}`
  })
  const text = parts.join(', then ')
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}
