import { madeFrom } from '../../checks/facts/made-from.ts'
import type { Ref } from '../../mesh/ref.ts'
import type { Trace } from './trace.ts'
import { traceOf } from './trace.ts'

/** Redirects that a client follows before it gives up, as far as they are walked. */
const MOST_REDIRECTS = 6

/** A row of redirects that comes back to where it was. */
export interface Circle {
  /** Where the redirects lead, one after the other; the last was there before. */
  places: string[]
  /** The objects that the redirecting routes were made from. */
  makers: Ref[]
}

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

/** The only thing that becomes of a request, when it is a redirect for certain. */
function redirectOf({ walk: { route, chain }, evidence }: Trace): { to: string; makers: Ref[] } | undefined {
  const [branch, ...others] = route?.branches ?? []
  const isSure = route?.certain === true && others.length === 0 && (chain?.unsure ?? []).length === 0
  if (!isSure || branch?.outcome.kind !== 'redirect' || branch.outcome.to.includes('…')) return undefined
  if (branch.answers.some(({ passes }) => passes !== 'yes')) return undefined
  const maker = branch.route === undefined ? undefined : madeFrom(branch.route, evidence)
  return { to: branch.outcome.to, makers: maker === undefined ? [] : [maker] }
}

/** The circle in which the caller's proxy sends a client about; undefined when the redirects lead elsewhere, or it can't be told. */
export function redirectCircle(trace: Trace): Circle | undefined {
  const { request } = trace.sent
  const begin = urlOf(`${request.scheme}://${request.authority}${request.path}`)
  const visited = new Set(begin === undefined ? [] : [begin.href])
  const circle: Circle = { places: [], makers: [] }
  let current: Trace | undefined = trace
  while (current !== undefined && circle.places.length < MOST_REDIRECTS) {
    const redirect = redirectOf(current)
    const next = redirect === undefined ? undefined : urlOf(redirect.to)
    if (redirect === undefined || next === undefined) return undefined
    if (next.protocol !== 'http:' && next.protocol !== 'https:') return undefined
    circle.places.push(redirect.to)
    circle.makers.push(...redirect.makers)
    if (visited.has(next.href)) return circle
    visited.add(next.href)
    const { port, ...question } = trace.question
    current = traceOf(
      {
        ...question,
        host: next.hostname,
        authority: next.host,
        path: `${next.pathname}${next.search}`,
        scheme: next.protocol === 'https:' ? 'https' : 'http',
        ...(next.port !== '' && { port: Number(next.port) }),
      },
      trace.caller,
      trace.evidence,
    )
  }
  return undefined
}
