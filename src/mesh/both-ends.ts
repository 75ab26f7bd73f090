import { RESPONSE_FLAGS } from './response-flags.ts'

/** Requests as the proxies at one end counted them. */
export interface Side {
  requests: number
  /** The client's: 5xx, and those that got no answer. The server's: 5xx alone, as its dashboards count. */
  failed: number
  /** Milliseconds; absent where no histogram is kept. */
  latency?: { p50: number; p95: number; p99: number }
}

/** Requests of one end with one answer. */
export interface Answered {
  end: 'client' | 'server'
  code: string
  flags: string[]
  requests: number
}

/** What one end counts and the other does not, or counts as something else. */
export interface Difference {
  /** `504 UT` as the clients count it. */
  answer: string
  requests: number
  /** Why the other end counts it differently, in one sentence. */
  says: string
}

/** The end that counts, by the label `reporter`; undefined for another, or none. */
export const endOf = (reporter: string | undefined): Answered['end'] | undefined =>
  ENDS[(reporter ?? '') as keyof typeof ENDS]
const ENDS = { source: 'client', destination: 'server', waypoint: 'server' } as const

/** What proxies counted, each request once: a waypoint counts what the sidecars behind it count too, where there are some. */
export function countedOnce<T>(all: readonly T[], reporterOf: (one: T) => string | undefined): readonly T[] {
  return all.some((one) => reporterOf(one) === 'destination')
    ? all.filter((one) => reporterOf(one) !== 'waypoint')
    : all
}

/** Flags of requests that no proxy of the server has counted. */
const NEVER_ARRIVED: readonly string[] = ['UH', 'UF', 'UO', 'NR', 'NC', 'LH', 'DF', 'UMSDR', 'NFCF']
const REFUSED: readonly string[] = ['UAEX', 'RL', 'RLSE', 'FI', 'DO', 'OM', 'IH']

/** True for an answer that a caller's proxy gave by itself before any server had the request. */
export const isBeforeServer = (flags: readonly string[]): boolean =>
  flags.some((flag) => NEVER_ARRIVED.includes(flag) || REFUSED.includes(flag))

/** Why the ends count some requests differently; the largest first. Less than one request is none: rates are extrapolated. */
export function differencesOf(answers: readonly Answered[]): Difference[] {
  const [client, server] = [
    answers.filter(({ end }) => end === 'client'),
    answers.filter(({ end }) => end === 'server'),
  ]
  if (client.length === 0 || server.length === 0) return []
  const counted: Counted = { byCode: new Map(), hangUps: 0 }
  for (const { code, flags, requests } of server) {
    counted.byCode.set(code, (counted.byCode.get(code) ?? 0) + requests)
    if (flags.includes('DC')) counted.hangUps += requests
  }
  return client
    .filter(isFailure)
    .flatMap((answered): Difference[] => {
      const says = whyOf(answered, counted)
      return says === undefined || answered.requests < 0.5
        ? []
        : [{ answer: nameOf(answered), requests: answered.requests, says }]
    })
    .toSorted((a, b) => b.requests - a.requests)
}

/** As clients count: an error, or no answer though they stayed. */
export const isFailure = ({ code, flags }: Pick<Answered, 'code' | 'flags'>): boolean =>
  code.startsWith('5') || (code === '0' && !flags.includes('DC')) || flags.includes('NR')

/** What one end counted in all; undefined where it counted nothing. */
export function sideOf(answers: readonly Answered[], end: Answered['end']): Side | undefined {
  const own = answers.filter((one) => one.end === end)
  const sum = (some: readonly Answered[]): number => some.reduce((total, one) => total + one.requests, 0)
  return own.length === 0
    ? undefined
    : {
        requests: sum(own),
        failed: sum(own.filter((one) => (end === 'client' ? isFailure(one) : one.code.startsWith('5')))),
      }
}

/** `504 UT` */
export const nameOf = ({ code, flags }: Pick<Answered, 'code' | 'flags'>): string => [code, ...flags].join(' ')

/** What the server counted in all. */
interface Counted {
  byCode: Map<string, number>
  hangUps: number
}

function whyOf({ code, flags, requests }: Answered, server: Counted): string | undefined {
  const has = (some: readonly string[]): boolean => flags.some((flag) => some.includes(flag))
  if (flags.includes('UT')) {
    const { hangUps } = server
    return `the client's proxy gave up waiting and answered 504 itself; the server counts no error${hangUps < 0.5 ? '' : `, but ${requestsText(hangUps)} whose caller hung up (0 DC)`}`
  }
  if (has(NEVER_ARRIVED)) return `they never reached the application: ${meaningOf(flags)}`
  if (has(REFUSED)) return `they were refused before they reached the application: ${meaningOf(flags)}`
  if ((server.byCode.get(code) ?? 0) >= requests / 2) return undefined
  return flags.length === 0
    ? 'the server counted fewer requests with this code: something in between answered'
    : `the server counts them differently: ${meaningOf(flags)}`
}

const meaningOf = (flags: readonly string[]): string =>
  flags.map((flag) => RESPONSE_FLAGS[flag]?.meaning ?? `flag ${flag}`).join('; ')

/** A number of requests for people: what was extrapolated has no decimals. */
export const round = (requests: number): string => Math.round(requests).toLocaleString('en-US')

/** So many requests, as people say it: `1 request`, `1,200 requests`. */
export const requestsText = (requests: number): string =>
  `${round(requests)} ${Math.round(requests) === 1 ? 'request' : 'requests'}`

/** A share (0 to 1) in per cent, `75.3 %`: nearly all is not all. */
export const percentOf = (share: number): string => {
  const text = (share * 100).toFixed(1)
  return `${share < 1 && text === '100.0' ? '99.9' : share > 0 && text === '0.0' ? '0.1' : text.replace(/\.0$/, '')} %`
}

/** The share of requests that succeed. */
export const successOf = ({ requests, failed }: Pick<Side, 'requests' | 'failed'>): number =>
  requests === 0 ? 1 : (requests - failed) / requests
