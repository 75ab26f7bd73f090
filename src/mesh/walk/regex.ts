import { RE2JS, RE2JSException } from 're2js'

/** Instructions of a compiled expression, at most. Istio's Envoys take three times as many (`re2.max_program_size.error_level` is 32768). */
const MOST_INSTRUCTIONS = 10_000
/** Instructions times characters: what one match may cost. */
const MOST_STEPS = 500_000
/** Expressions kept compiled, at most: a mesh has few, a process may see many meshes. */
const MOST_KEPT = 100

/** Escapes, classes (what is not closed ends with the text), counted repetitions, and single characters. */
const PARTS =
  /\\Q(?<quoted>.*?)(?:\\E|$)|\\[pPx]\{[^}]*(?:\}|$)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*(?:\]|$)|\{(?<least>\d{1,4})(?:,(?<most>\d{0,4}))?\}|./gsu

/** About how many instructions an expression compiles to: counted repetitions are written out, inside one another too. */
export function sizeOf(expression: string): number {
  const around: number[] = []
  let size = 0
  let last = 0
  for (const { 0: part, groups: { quoted, least, most } = {} } of expression.matchAll(PARTS)) {
    if (part === '(') {
      around.push(size)
      size = 0
      last = 0
    } else if (part === ')') {
      last = size + 1
      size = (around.pop() ?? 0) + last
    } else if (least !== undefined) {
      const times = Math.max(1, Number(least), most === undefined || most === '' ? 1 : Number(most))
      size += last * (times - 1)
      last *= times
    } else {
      last = quoted === undefined ? 1 : quoted.length
      size += last
    }
  }
  return around.reduce((sum, one) => sum + one, size)
}

const compiled = new Map<string, RE2JS | undefined>()

/** Undefined for what RE2 refuses, and for what is too large. */
function compile(expression: string): RE2JS | undefined {
  if (compiled.has(expression)) return compiled.get(expression)
  if (compiled.size >= MOST_KEPT) compiled.clear()
  let program: RE2JS | undefined
  try {
    program = sizeOf(expression) > MOST_INSTRUCTIONS ? undefined : RE2JS.compile(expression)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
  }
  compiled.set(expression, program)
  return program
}

/**
 * True when the whole text matches, as Envoy asks of RE2. Expression and text are somebody else's: time is linear in the text, and bounded.
 * @returns undefined for an expression that RE2 does not take, or when the answer would cost too much
 */
export function matchesWhole(expression: string, text: string): boolean | undefined {
  const program = compile(expression)
  return program === undefined || program.programSize() * text.length > MOST_STEPS ? undefined : program.matches(text)
}

/** Text as an expression that matches it and nothing else. */
export const literally = (text: string): string => RE2JS.quote(text)
