import { describe, expect, it } from 'vitest'
import { parseFlags, RESPONSE_FLAGS } from '../../src/mesh/response-flags.ts'

describe('response flags', () => {
  it.each([
    ['-', []],
    ['', []],
    [undefined, []],
    [null, []],
    ['UT', ['UT']],
    ['URX,UF', ['URX', 'UF']],
    ['UF, URX', ['UF', 'URX']],
    ['UF,,', ['UF']],
    ['XYZ', ['XYZ']],
  ])('%j is %j', (field, flags) => {
    expect(parseFlags(field)).toEqual(flags)
  })

  it('each say what they mean', () => {
    for (const [flag, { name, meaning }] of Object.entries(RESPONSE_FLAGS)) {
      expect(flag).toMatch(/^[A-Z]{2,5}$/)
      expect(name).toMatch(/^[A-Z][A-Za-z]+$/)
      expect(meaning.length).toBeGreaterThan(10)
    }
    expect(Object.keys(RESPONSE_FLAGS)).toEqual(Object.keys(RESPONSE_FLAGS).sort())
  })
})
