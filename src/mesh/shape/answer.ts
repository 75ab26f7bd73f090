import { SHAPES } from './shapes.ts'
import { Holding } from './holding.ts'

const HOLDING = new Holding(SHAPES)

/**
 * Holds an answer against the type that it is read by (`npm run shapes`), before anything reads it: what a field of another type means is not guessed.
 *
 * @returns the answer, in which null where a field may be missing is missing
 * @throws {SyntaxError} that says where it is something else
 */
export const inShape = <T>(answer: string, value: T): T => HOLDING.hold(answer, value)
