import { expect, it } from 'vitest'
import { redact, REDACTED } from '../../src/evidence/redaction.ts'
import { replaceRuns } from '../../src/evidence/redaction/random-text.ts'

// Drawn for this test, and no secret.
const DRAWN = 'Xk9Lm2Qp7Rt4Vw8Zb3Nc6'

it.each(['=', ' ', ': ', '"', '(', '\n'])('sees what is random after %j', (before) => {
  expect(redact(`x${before}${DRAWN} y`)).toBe(`x${before}${REDACTED} y`)
})

it('finds the same runs as a pattern does, however they lie', () => {
  // Deterministic texts of runs from 0 to 64 characters with 1 to 3 characters between them.
  let seed = 7
  const next = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
  for (let round = 0; round < 300; round += 1) {
    let text = ''
    for (let part = 0; part < 12; part += 1)
      text += 'aZ9+/_-'.charAt(next(7)).repeat(next(65)) + ['=', '==', '===', ' ', '. ', 'é', '%=%'][next(7)]!
    const marked = (run: string): string => `<${run}>`
    expect(replaceRuns(text, marked)).toBe(text.replace(/[A-Za-z0-9+/_-]{20,}={0,2}/g, marked))
  }
})
