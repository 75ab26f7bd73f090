import type { ChainTaken } from './filter-chain.ts'
import type { FilterAnswer } from './filter-answer.ts'
import type { Ending } from './network-filters.ts'

/** How a filter chain deals with a connection: whether it is let in, and what is at its end. */
export interface ChainWalk extends ChainTaken {
  ending?: Ending
  /** Network filters that stop or may stop it. */
  answers: FilterAnswer[]
  /** Network filters that were passed over. */
  unknown: string[]
}
