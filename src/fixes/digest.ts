import { createHash } from 'node:crypto'
import { canonicalJson } from '../store/canonical-json.ts'
import type { Write } from './proposal.ts'

/** SHA-256 (hex) of what would be written where, and on which state of the objects. */
export function digestOf(writes: readonly Write[]): string {
  return createHash('sha256').update(canonicalJson(writes)).digest('hex')
}
