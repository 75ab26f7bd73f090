import { type Request } from '../../checks/facts/requests-to.ts'
import type { RequestClass } from './classes.ts'
import { answerOf } from './answer.ts'
import type { Followed } from './followed.ts'

/** From this share on, of at least so many requests of one caller for one host, declined ones are what nobody wants. */
const DECLINED = { share: 0.9, requests: 5 }

/** Classes whose caller gets nothing for a host but 3xx and 4xx fail, though nothing shows that it was ever otherwise. */
export function withAllDeclined(
  followed: readonly Followed[],
  momentOf: (requests: RequestClass) => number,
): Followed[] {
  const keyOf = ({ requests: { caller, question } }: Followed): string => `${caller?.pod.name ?? ''} ${question.host}`
  const current = ({ requests }: Followed): Request[] => {
    const moment = momentOf(requests)
    return requests.requests.filter(({ entry }) => entry.probe === undefined && Date.parse(entry.at) > moment)
  }
  // A login that every request is sent to, or a token that all lack, is how an application may be meant.
  const isUnwanted = ({ way }: Followed, request: Request): boolean => {
    const { code, upstreamCluster } = request.entry
    if (answerOf(request) !== 'declined' || code === 401 || code === 403) return false
    const rewrites = (way?.trace.walk.route?.branches ?? []).some(
      ({ route }) => route?.route?.prefixRewrite !== undefined || route?.route?.regexRewrite !== undefined,
    )
    return code >= 400 || upstreamCluster === undefined || rewrites
  }
  const declined = new Set(
    [...Map.groupBy(followed, keyOf)].flatMap(([key, group]) => {
      const all = group.flatMap(current)
      const unwanted = group.flatMap((one) => current(one).filter((request) => isUnwanted(one, request)))
      const share = unwanted.length / all.length
      return all.length >= DECLINED.requests && share >= DECLINED.share ? [key] : []
    }),
  )
  return followed.map((one) => {
    const failures = current(one).filter((each) => isUnwanted(one, each))
    if (!declined.has(keyOf(one)) || one.outcome === 'fails' || failures.length === 0) return one
    return {
      ...one,
      outcome: 'fails',
      standing: 'observed',
      present: { ...one.present, requests: current(one).length, failures, state: 'fails' },
    }
  })
}
