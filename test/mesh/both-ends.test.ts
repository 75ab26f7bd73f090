import { expect, it } from 'vitest'
import { differencesOf, requestsText, type Answered } from '../../src/mesh/both-ends.ts'

const client = (code: string, requests: number, ...flags: string[]): Answered => ({
  end: 'client',
  code,
  flags,
  requests,
})
const server = (code: string, requests: number, ...flags: string[]): Answered => ({
  end: 'server',
  code,
  flags,
  requests,
})

it.each([
  [
    'a time-out, and its echo',
    [client('200', 43), client('504', 17, 'UT'), server('200', 43), server('0', 17, 'DC')],
    [/^504 UT 17: the client's proxy gave up waiting .*, but 17 requests whose caller hung up \(0 DC\)$/],
  ],
  [
    'requests that never arrived',
    [client('200', 5), client('503', 9, 'UH'), client('404', 2, 'NR'), server('200', 5)],
    [/^503 UH 9: they never reached the application: /, /^404 NR 2: they never reached the application: /],
  ],
  [
    'requests that were refused on the way',
    [client('200', 5), client('503', 3, 'UAEX'), server('200', 5)],
    [/^503 UAEX 3: they were refused before they reached the application: /],
  ],
  ["the application's own errors, which both count", [client('500', 8), server('500', 8), server('200', 2)], []],
  [
    'an error that something between them made',
    [client('502', 8), server('200', 8)],
    [/^502 8: the server counted fewer/],
  ],
  ['a caller who hangs up', [client('0', 8, 'DC'), server('0', 8, 'DC')], []],
  ['one end alone', [client('504', 8, 'UT')], []],
  ['what is less than a request', [client('504', 0.2, 'UT'), server('200', 3)], []],
])('%s', (_, answers, says) => {
  const told = differencesOf(answers).map((one) => `${one.answer} ${one.requests}: ${one.says}`)
  expect(told).toHaveLength(says.length)
  for (const [index, pattern] of says.entries()) expect(told[index]).toMatch(pattern)
})

it.each([
  [0, '0 requests'],
  [1.2, '1 request'],
  [1234.5, '1,235 requests'],
])('%d requests are said as %s', (requests, says) => {
  expect(requestsText(requests)).toBe(says)
})
