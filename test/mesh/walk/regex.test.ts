import { describe, expect, it } from 'vitest'
import { matchesWhole } from '../../../src/mesh/walk/regex.ts'

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
    ['a**', ['', 'aa'], []],
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
    '(?m)^a$',
    '[z-a]',
    '\\',
  ])('does not know %s', (expression) => {
    expect(matchesWhole(expression, 'a')).toBeUndefined()
  })

  it('takes no longer than the text is long, whatever the expression', () => {
    expect(matchesWhole('(a+)+(a|a)*(.*)*b', 'a'.repeat(2000))).toBe(false)
  })
})
