import { inShape } from '../../mesh/shape/answer.ts'
import type { Answers } from '../answers.ts'
import { UnseenError } from './clients.ts'

/** An answer in the form that it is read in (`inShape`). @throws {UnseenError} that says where it is something else */
export function answered<K extends keyof Answers>(answer: K, value: Answers[K]): Answers[K] {
  try {
    return inShape(answer, value)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new UnseenError('unparsable', error.message, { cause: error })
  }
}
