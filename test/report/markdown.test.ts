import { expect, it } from 'vitest'
import { codeBlock, codeSpan, escapeMarkdown } from '../../src/report/markdown.ts'

it('text is shown literally, on one line', () => {
  expect(escapeMarkdown('# *a* [b](c) <!channel>\n- x | y `z`')).toBe(
    '\\# \\*a\\* \\[b\\](c) \\<\\!channel\\> - x \\| y \\`z\\`',
  )
})

it('a code span is longer than any run of back-ticks in it', () => {
  expect(codeSpan('a')).toBe('`a`')
  expect(codeSpan('a `` b')).toBe('``` a `` b ```')
})

it('nothing in a block can close it', () => {
  expect(codeBlock('a\n```\nb')).toBe('````\na\n```\nb\n````')
})

it('control characters are not passed on', () => {
  expect(escapeMarkdown('a\u001b[31mb') + codeSpan('\u0007') + codeBlock('\u0000')).not.toMatch(/[\u0000-\u0008\u001b]/) // eslint-disable-line no-control-regex
})
