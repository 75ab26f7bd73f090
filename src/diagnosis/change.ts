import type { Code } from '../checks/check.ts'
import type { Ref } from '../mesh/ref.ts'

/** A change that would mend what a finding says; an offer, written nowhere yet. */
export interface Change {
  /** SHA-256 (hex) of what would be written where: the same change of the same objects has the same id. */
  id: string
  /** The finding it mends. */
  for: Code
  kind: 'fix' | 'lease'
  /** `add-subsets`: the act. */
  act: string
  /** The objects it writes. */
  subjects: Ref[]
  /** A few words: `Define subsets v1 and v2 of catalog`. */
  title: string
  /** One or two sentences: why this mends it. */
  why: string
  /** `temporary` ends by itself. */
  risk: 'temporary' | 'change'
  /** Unified diff of the objects' YAML, as far as the objects seen tell. */
  diff: string
  /** One sentence: how it is taken back. */
  undo: string
}

/** What only people can decide about a finding, and why no change is offered. */
export interface Advice {
  for: Code
  subject: Ref
  says: string
}
