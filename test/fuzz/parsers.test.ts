import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { PARSERS } from './parsers.ts'

/** A few of the inputs of `npm run fuzz`, always the same. */
const [RUNS, SEED] = [60, 20261130]

const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a parser of foreign text takes whatever it is given', () => {
  it.each(Object.entries(PARSERS))('%s', async (_, parser) => {
    await fc.assert(
      fc.asyncProperty(parser.inputs, async (input) => parser.holds(input, join(folder, 'input'))),
      { numRuns: RUNS, seed: SEED },
    )
  })
})
