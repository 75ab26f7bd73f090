import { expect, it } from 'vitest'
import { clean, codeSpan, cut, escapeMrkdwn, shorten } from '../../../src/slack/blocks/escape.ts'
import { mark, sentencePieces } from '../../../src/slack/blocks/rich.ts'

it.each([
  ['<!channel> & <@U1>', '&lt;!channel&gt; &amp; &lt;@U1&gt;'],
  ['<https://evil.example|ok>', '&lt;https://evil.example|ok&gt;'],
])('takes the meaning out of %s', (text, escaped) => {
  expect(escapeMrkdwn(text)).toBe(escaped)
})

it.each([
  ['right\u202eleft', 'right⟨U+202E⟩left'],
  ['zero\u200bwidth\ufeff', 'zero⟨U+200B⟩width⟨U+FEFF⟩'],
  ['tag\u{e0041}', 'tag⟨U+E0041⟩'],
  ['nul\u0000 esc\u001b[31m', 'nul� esc�[31m'],
  ['half \ud83d of a pair', 'half � of a pair'],
  ['one\r\ntwo\rthree', 'one\ntwo\nthree'],
])('makes what is not seen visible: %j', (text, cleaned) => {
  expect(clean(text)).toBe(cleaned)
})

it('keeps a back-tick from ending a code span', () => {
  expect(codeSpan('a`b\n<c>')).toBe('`aˋb &lt;c&gt;`')
  expect(codeSpan('')).toBe('` `')
})

it('cuts with a notice, and never half a character', () => {
  expect(cut('short', 100)).toBe('short')
  expect(cut('x'.repeat(5000), 100)).toMatch(/^x+ … \(cut: 5,000 characters\)$/)
  expect(cut('x'.repeat(5000), 100)).toHaveLength(100)
  for (let most = 40; most < 60; most += 1) expect(cut('😀'.repeat(100), most).isWellFormed()).toBe(true)
  expect(shorten('😀'.repeat(10), 8).isWellFormed()).toBe(true)
})

it('shows the marked values of a sentence as code, marked once or twice', () => {
  const pieces = sentencePieces(`${mark(mark('a/b'))} breaks ${mark('x\u0003y')}.`)
  expect(pieces.map((piece) => ('text' in piece ? [piece.text, piece.style?.code === true] : []))).toEqual([
    ['a/b', true],
    [' breaks ', false],
    ['x�y', true],
    ['.', false],
  ])
})
