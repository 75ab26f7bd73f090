import { analyzerMessage } from './analyzer-message.ts'
import type { Check } from './check.ts'
import { missingSubset } from './missing-subset.ts'

/** Every check, sorted by name. */
export const CHECKS: readonly Check[] = [
  analyzerMessage,
  missingSubset,
]
