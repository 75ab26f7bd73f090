import { isUncertain } from '../fixes/apply.ts'
import { StoreUnavailableError } from '../store/records.ts'

/** True while the store or Slack does not answer: what was asked for is right, and is done when they are back. */
export const isOutage = (error: unknown): boolean =>
  error instanceof StoreUnavailableError || (error instanceof Error && 'tryAgain' in error && error.tryAgain === true)

/** The same of the cluster too, where nothing is known of what was sent. */
export const isAnyOutage = (error: unknown): boolean => isOutage(error) || isUncertain(error)
