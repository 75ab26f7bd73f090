import { describe, expect, it } from 'vitest'
import { timeFormat } from '../../src/mesh/time-format.ts'

describe('a time as START_TIME writes it', () => {
  it.each([
    ['%Y/%m/%dT%H:%M:%S%z', '2026/12/01T10:25:32+0000', '2026-12-01T10:25:32.000Z'],
    ['%Y/%m/%dT%H:%M:%S%z %s', '2026/12/01T10:25:32+0000 1796120732', '2026-12-01T10:25:32.000Z'],
    ['%d/%b/%Y:%H:%M:%S %z', '01/Dec/2026:12:25:32 +0200', '2026-12-01T10:25:32.000Z'],
    ['%Y-%m-%d %H:%M:%S', '2026-12-01 10:25:32', '2026-12-01T10:25:32.000Z'],
    ['%FT%T.%3f', '2026-12-01T10:25:32.123', '2026-12-01T10:25:32.123Z'],
    ['%FT%T.%6fZ', '2026-12-01T10:25:32.123456Z', '2026-12-01T10:25:32.123Z'],
    ['%Y-%m-%dT%H:%M:%E3S%Ez', '2026-12-01T10:25:32.123-01:30', '2026-12-01T11:55:32.123Z'],
    ['%s', '1796120732', '2026-12-01T10:25:32.000Z'],
    ['%s.%9f', '1796120732.987654321', '2026-12-01T10:25:32.987Z'],
    ['%s%3f', '1796120732987', '2026-12-01T10:25:32.987Z'],
    ['%a, %d %b %Y %I:%M:%S %p %Z', 'Tue, 01 Dec 2026 10:25:32 PM UTC', '2026-12-01T22:25:32.000Z'],
    ['%j %y 100%%', '335 26 100%', '2026-12-01T00:00:00.000Z'],
  ])('%s', (format, text, iso) => {
    expect(timeFormat(format).read(text)).toBe(iso)
    expect(timeFormat(format).lengthIn(`[${text}] 200`, 1)).toBe(text.length)
  })

  it.each([
    ['no day', '%H:%M:%S', '10:25:32'],
    ['a specifier that is not known', '%Y-%m-%d %q', '2026-12-01 4'],
    ['another text', '%Y-%m-%d', '2026-12-01T10:25:32Z'],
    ['a month that is none', '%Y-%m-%d', '2026-13-01'],
    ['a name that is no month', '%d/%b/%Y', '01/Foo/2026'],
    ['a zone whose time is not known', '%Y-%m-%d %H:%M %Z', '2026-12-01 10:25 CET'],
    ['a format longer than any time', `%Y-%m-%d${' '.repeat(100)}`, '2026-12-01'],
    ['nothing', '', ''],
  ])('is not read where there is %s', (_, format, text) => {
    expect(timeFormat(format).read(text)).toBeUndefined()
  })
})
