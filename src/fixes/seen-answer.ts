import { UnseenError } from '../evidence/clients/clients.ts'
import type { ApiAnswer } from './api-refusal.ts'
import { WriteError } from './cluster-writer.ts'

/** The answer to a request of a lease; one without an answer is told as what leases try again. @throws UnseenError, caused by the WriteError */
export async function seenAnswer(act: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof WriteError)) throw error
    throw new UnseenError('unavailable', error.message, { cause: error })
  }
}
