import { describe, expect, it } from 'vitest'
import { flagsAsked } from '../../src/mesh/flags-asked.ts'
import { parseFlags, RESPONSE_FLAGS } from '../../src/mesh/response-flags.ts'
import type { UserError } from '../../src/mesh/user-error.ts'
import { flagsText } from '../../src/report/flags-text.ts'
import { flagsMessage } from '../../src/slack/blocks/flags.ts'

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
    for (const [flag, { name, meaning, by, next }] of Object.entries(RESPONSE_FLAGS)) {
      expect(flag).toMatch(/^[A-Z]{2,5}$/)
      expect(name).toMatch(/^[A-Z][A-Za-z]+$/)
      expect(meaning.length).toBeGreaterThan(10)
      expect(by).not.toBe('')
      expect(next).toMatch(/^[A-Z].*\.$/)
    }
    expect(Object.keys(RESPONSE_FLAGS)).toEqual(Object.keys(RESPONSE_FLAGS).sort())
  })
})

describe('flags that somebody asks about', () => {
  it.each([
    [['UT'], ['UT']],
    [['uf,urx'], ['UF', 'URX']],
    [['UF', 'UF'], ['UF']],
    [['UpstreamRequestTimeout'], ['UT']],
  ])('%j', (words, expected) => {
    expect(flagsAsked(words, 'flags').map(({ flag }) => flag)).toEqual(expected)
  })

  it('all, when none is named', () => {
    expect(flagsAsked([], 'flags').map(({ flag }) => flag)).toEqual(Object.keys(RESPONSE_FLAGS))
  })

  it.each(['UTT', 'constructor', 'x'.repeat(9000), '<@U1>'])('the nearest, when it is none: %s', (typed) => {
    expect(() => flagsAsked([typed], 'mesh-medic flags')).toThrow(/is not a response flag of Envoy/)
  })

  it('UTT is nearest to UT', () => {
    try {
      flagsAsked(['UTT'], 'mesh-medic flags')
      expect.unreachable()
    } catch (error) {
      expect((error as UserError).commands).toContain('mesh-medic flags UT')
      expect((error as UserError).commands.at(-1)).toBe('mesh-medic flags')
    }
  })

  it('in a terminal: one at length, several as a list', () => {
    expect(flagsText(flagsAsked(['UT'], 'flags'))).toMatch(
      /^UT \(UpstreamRequestTimeout\): .*\nCaused by: .*\nNext: .*\n$/,
    )
    expect(flagsText(flagsAsked([], 'flags')).split('\n')).toHaveLength(Object.keys(RESPONSE_FLAGS).length + 1)
  })

  it('in Slack: whole, within its limits', () => {
    for (const words of [[], ['UT'], ['UF,URX,UC,UH,DC']]) {
      const message = flagsMessage(flagsAsked(words, 'flags'))
      expect(message.isCut ?? false).toBe(false)
      for (const { flag, meaning } of flagsAsked(words, 'flags')) {
        expect(JSON.stringify(message.blocks)).toContain(`"${flag}"`)
        expect(JSON.stringify(message.blocks)).toContain(meaning)
      }
    }
  })
})
