import { expect, it } from 'vitest'
import { searchLines } from '../../src/evidence/clients/log-search.ts'

const SINCE = '2026-11-30T00:00:00Z'
/** A text in pieces of some bytes, which may end anywhere. */
async function* pieces(text: string | Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}

it('keeps the lines that matter, wherever a piece ends', async () => {
  const text = 'GET catalog 200\nGET orders 200\n\nGET catalog ü 503\nGET catalog 504'
  for (const size of [1, 3, 7, 1000])
    expect(await searchLines(pieces(text, size), { sinceTime: SINCE, texts: ['catalog'] })).toEqual({
      text: 'GET catalog 200\nGET catalog ü 503\nGET catalog 504',
      lines: 4,
      bytes: Buffer.byteLength(text),
      matched: 3,
      tooLong: 0,
      garbled: 0,
      whole: true,
    })
})

it('keeps the newest, and says how many there were', async () => {
  const text = Array.from({ length: 1000 }, (_, index) => `catalog ${index}`).join('\n')
  const found = await searchLines(pieces(text, 100), { sinceTime: SINCE, limits: { lines: 10 } })
  expect(found.text.split('\n')).toEqual(Array.from({ length: 10 }, (_, index) => `catalog ${990 + index}`))
  expect(found).toMatchObject({ lines: 1000, matched: 1000, whole: true })
})

it('leaves out lines without end, and counts those that are not UTF-8', async () => {
  const long = 'x'.repeat(200_000)
  const text = Buffer.concat([Buffer.from(`one\n${long}\ntwo \xff`, 'latin1'), Buffer.from('\nthree\n')])
  for (const size of [1000, 500_000]) {
    const found = await searchLines(pieces(text, size), { sinceTime: SINCE })
    expect(found).toMatchObject({ text: 'one\ntwo \ufffd\nthree', lines: 4, tooLong: 1, garbled: 1, whole: true })
  }
  expect(await searchLines(pieces(long, 1000), { sinceTime: SINCE })).toMatchObject({ text: '', tooLong: 1 })
})

it('ends at its limit of bytes and says so; a line that was cut there is left out', async () => {
  const text = 'catalog 1\ncatalog 2\ncatalog 3\n'
  const found = await searchLines(pieces(text, 7), { sinceTime: SINCE, limits: { bytes: 21 } })
  expect(found).toMatchObject({ text: 'catalog 1\ncatalog 2', bytes: 21, whole: false })
})

it('ends at its limit of time', async () => {
  let now = 0
  const found = await searchLines(
    pieces('a\nb\nc\nd\n', 2),
    { sinceTime: SINCE, limits: { milliseconds: 50 } },
    undefined,
    () => (now += 20),
  )
  expect(found).toMatchObject({ text: 'a\nb\nc', whole: false })
})

it('tells what it keeps, no more than is kept', async () => {
  let kept = 0
  const text = Array.from({ length: 100_000 }, () => 'catalog '.repeat(10)).join('\n')
  await searchLines(pieces(text, 65_536), { sinceTime: SINCE, limits: { lines: 100 } }, (characters) => {
    kept += characters
    return Promise.resolve()
  })
  expect(kept).toBeLessThan(100_000)
})

it('finds each line once that holds any of the texts, whatever characters they have', async () => {
  const text = '10.0.0.1 a\n1090001 b\n[x]* c\nmañana d\n10.0.0.1 and mañana e\nnone\n'
  for (const size of [2, 5, 1000]) {
    const found = await searchLines(pieces(text, size), { sinceTime: SINCE, texts: ['10.0.0.1', '[x]*', 'mañana'] })
    expect(found).toMatchObject({ text: '10.0.0.1 a\n[x]* c\nmañana d\n10.0.0.1 and mañana e', lines: 6, matched: 4 })
  }
})

it('tells when the first line was written', async () => {
  for (const [first, begins] of [
    ['[2026-11-30T11:45:00.123Z] "GET / HTTP/1.1" 200', '2026-11-30T11:45:00.123Z'],
    [
      '{"authority":"catalog.istioinaction.io","bytes_received":0,"duration":5,"method":"GET","start_time":"2026-11-30T11:45:00.123Z"}',
      '2026-11-30T11:45:00.123Z',
    ],
    ['no time', undefined],
  ]) {
    const found = await searchLines(pieces(`${first}\n2026-11-30T12:00:00Z\tinfo\n`, 10), { sinceTime: SINCE })
    expect(found.begins).toBe(begins)
  }
})
