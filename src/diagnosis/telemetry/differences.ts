import { RESPONSE_FLAGS } from '../../mesh/response-flags.ts'
import type { Answered, Difference } from './report.ts'

/** Flags of requests that no proxy of the server has counted. */
const NEVER_ARRIVED = ['UH', 'UF', 'UO', 'NR', 'NC', 'LH', 'DF', 'UMSDR', 'NFCF']
const REFUSED = ['UAEX', 'RL', 'RLSE', 'FI', 'DO', 'OM', 'IH']

/** Why the ends count some requests differently; the largest first. Less than one request is none: rates are extrapolated. */
export function differencesOf(answers: readonly Answered[]): Difference[] {
  const [client, server] = [
    answers.filter(({ end }) => end === 'client'),
    answers.filter(({ end }) => end === 'server'),
  ]
  if (client.length === 0 || server.length === 0) return []
  return client
    .filter(isFailure)
    .flatMap((answered): Difference[] => {
      const says = whyOf(answered, server)
      return says === undefined || answered.requests < 0.5
        ? []
        : [{ answer: nameOf(answered), requests: answered.requests, says }]
    })
    .toSorted((a, b) => b.requests - a.requests)
}

/** As clients count: an error, or no answer though they stayed. */
export const isFailure = ({ code, flags }: Pick<Answered, 'code' | 'flags'>): boolean =>
  code.startsWith('5') || (code === '0' && !flags.includes('DC')) || flags.includes('NR')

export const nameOf = ({ code, flags }: Pick<Answered, 'code' | 'flags'>): string => [code, ...flags].join(' ')

function whyOf({ code, flags, requests }: Answered, server: readonly Answered[]): string | undefined {
  const has = (some: readonly string[]): boolean => flags.some((flag) => some.includes(flag))
  if (flags.includes('UT')) {
    const echoes = server.filter((one) => one.flags.includes('DC')).reduce((sum, one) => sum + one.requests, 0)
    return `the client's proxy gave up waiting and answered 504 itself; the server counts no error${echoes < 0.5 ? '' : `, but ${round(echoes)} requests whose caller hung up (0 DC)`}`
  }
  if (has(NEVER_ARRIVED)) return `they never reached the application: ${meaningOf(flags)}`
  if (has(REFUSED)) return `they were refused before they reached the application: ${meaningOf(flags)}`
  const same = server.filter((one) => one.code === code).reduce((sum, one) => sum + one.requests, 0)
  if (same >= requests / 2) return undefined
  return flags.length === 0
    ? 'the server counted fewer requests with this code: something in between answered'
    : `the server counts them differently: ${meaningOf(flags)}`
}

const meaningOf = (flags: readonly string[]): string =>
  flags.map((flag) => RESPONSE_FLAGS[flag]?.meaning ?? `flag ${flag}`).join('; ')

/** A number of requests for people: what was extrapolated has no decimals. */
export const round = (requests: number): string => Math.round(requests).toLocaleString('en-US')
