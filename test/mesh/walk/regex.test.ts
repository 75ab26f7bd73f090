import { describe, expect, it } from 'vitest'
import { matchesWhole, sizeOf } from '../../../src/mesh/walk/regex.ts'

describe('RE2 on a whole text', () => {
  it.each<[string, string[], string[]]>([
    ['abc', ['abc'], ['ab', 'abcd', '']],
    ['', [''], ['a']],
    ['a|bc|', ['a', 'bc', ''], ['b', 'abc']],
    ['a*b+c?', ['b', 'aabbc'], ['a', 'ac']],
    ['(ab){2}', ['abab'], ['ab', 'ababab']],
    ['a{2,}', ['aa', 'aaaaa'], ['a']],
    ['a{1,3}', ['a', 'aaa'], ['', 'aaaa']],
    ['a{0}', [''], ['a']],
    ['x{,3}', ['x{,3}'], ['xxx']],
    ['.*', ['', 'any/thing'], ['a\nb']],
    ['(?s).*', ['a\nb'], []],
    ['[a-c]+', ['abc'], ['d']],
    ['[^/]+', ['abc'], ['a/b']],
    ['[]a]+', [']a'], ['b']],
    ['[^]a]', ['b'], [']']],
    ['[a-]+', ['a-'], ['b']],
    ['[[:alpha:]_]+', ['ab_'], ['1']],
    ['[\\d.]+', ['1.2'], ['a']],
    ['\\d+\\.\\w', ['12.a'], ['12xa']],
    ['\\/items\\/(?P<id>\\d+)', ['/items/7'], ['/items/']],
    ['(?i)gold', ['GoLd'], ['silver']],
    ['(?i:go)ld', ['GOld'], ['GOLD']],
    ['a(?i)b', ['aB'], ['AB']],
    ['(a(?i)b)c', ['aBc'], ['aBC']],
    ['^abc$', ['abc'], ['abcd']],
    ['a$b', [], ['ab', 'a']],
    ['\\Aabc\\z', ['abc'], []],
    ['\\bcat\\b.*', ['cat', 'cat food'], ['cats']],
    ['\\Qa.b\\E+', ['a.b', 'a.bb'], ['axb']],
    ['\\pL+', ['äb'], ['1']],
    ['\\p{Greek}', ['α'], ['a']],
    ['\\x41\\x{42}', ['AB'], ['ab']],
    ['(?m)^a$', ['a'], ['b', 'a\nb']],
    ['a+?b', ['aab'], ['b']],
    ['(?:)', [''], ['a']],
    ['\\s', [' ', '\t'], ['\u00a0']],
    ['😀+', ['😀😀'], ['😁']],
    ['.', ['😀'], ['ab']],
  ])('%s', (expression, taken, left) => {
    for (const text of taken) expect(matchesWhole(expression, text), text).toBe(true)
    for (const text of left) expect(matchesWhole(expression, text), text).toBe(false)
  })

  it.each([
    '(?=a)b',
    '(a',
    'a)',
    '[a',
    '*a',
    '\\1',
    '\\p{Nothing}',
    'a{2000}',
    '((a{900}){900}){9}',
    'a**',
    'a++',
    'a{1}*',
    '[z-a]',
    '\\',
  ])('does not know %s', (expression) => {
    expect(matchesWhole(expression, 'a')).toBeUndefined()
  })

  it('takes no longer than the text is long, whatever the expression', () => {
    expect(matchesWhole('(a+)+(a|a)*(.*)*b', 'a'.repeat(2000))).toBe(false)
  })

  it.each([
    '(){1000}{1000}{1000}{1000}',
    '(a?){1000}'.repeat(9),
    '((((){1000}){1000}){1000}){1000}',
    '(?:){1000}'.repeat(1000),
    '\\pL{1000}'.repeat(400),
    '[a-z]{0,1000}'.repeat(40),
    '((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}',
    '('.repeat(40_000),
    'a'.repeat(40_000),
    '['.repeat(200_000),
    '\\p{'.repeat(200_000),
    '\\Q'.repeat(200_000),
  ])('knows nothing of what is too large: %.40s', (expression) => {
    expect(matchesWhole(expression, 'a')).toBeUndefined()
  })

  it('says nothing about a text that would take too long', () => {
    expect(matchesWhole('(?:a?){900}a{900}', 'a'.repeat(900))).toBeUndefined()
    expect(matchesWhole('(?:a?){900}a{900}', 'a'.repeat(90))).toBe(false)
    expect(matchesWhole('.*b', 'a'.repeat(50_000))).toBe(false)
  })
})

describe('the size of an expression', () => {
  it.each([
    ['abc', 3],
    ['a{3}', 3],
    ['a{3,}', 3],
    ['a{2,7}b', 8],
    ['(a{3}b){4}', 20],
    ['x{,3}', 5],
    ['[a-z{9}]{3}', 3],
    ['[]{9}]{3}', 3],
    ['[[:alpha:]]{3}', 3],
    ['\\{9}', 3],
    ['\\(a{3}', 4],
    ['\\p{Greek}{3}', 3],
    ['\\x{42}{3}', 3],
    ['\\Qa{9}\\E', 4],
    ['(a(b', 2],
    ['[['.repeat(9), 1],
  ])('%s', (expression, size) => {
    expect(sizeOf(expression)).toBe(size)
  })
})
