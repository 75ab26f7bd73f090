import type { AccessLogLine } from '../mesh/access-log.ts'
import type { LineReader } from '../mesh/access-log-format.ts'
import { UserError, type UserAnswer } from '../mesh/user-error.ts'
import {
  findAnswered,
  findById,
  isPath,
  shapeOf,
  type AskedRequest,
  type LogShape,
  type SeenRequest,
  type Survey,
} from './find-requests.ts'
import { joinLegs, type Joined } from './join.ts'
import { legOf, type Leg } from './leg.ts'
import type { LogBytes } from './log-bytes.ts'
import { readStory } from './story-lines.ts'

/** One request through all proxies whose logs were read. */
export interface Timeline extends Joined {
  /** How many requests were answered so, or failed; absent where one was named by its id. */
  matching?: { count: number; of: 'access log' | 'debug log'; what: string }
  /** Logs that were read, and what of each. */
  logs: { name: string; says: string }[]
}

/** The logs have no such request, or no debug lines of it: one may come yet. */
export class NoSuchRequestError extends UserError {
  constructor(answer: UserAnswer) {
    super(answer, { code: 'no-such-request' })
  }
}

/** Streams whose path is looked up before it is given up to find one by it. */
const MOST_TRIED = 25

/** Where a proxy sends what is asked of itself: probes of its readiness, and of its metrics; and what it answers at once. */
const OWN_CLUSTERS: ReadonlySet<string> = new Set(['agent', 'prometheus_stats'])
const isOwn = ({ cluster, request: { path } }: Leg): boolean =>
  OWN_CLUSTERS.has(cluster ?? '') || path?.startsWith('/stats/prometheus') === true

const REMEDY = 'Raise the levels, send the request again, and read the log then.'
const RAISE =
  'mesh-medic log-level TARGET -n NAMESPACE http:debug,router:debug,connection:debug,pool:debug,client:debug'

/**
 * Finds one request in the logs of proxies and tells what happened to it. The first log that has it leads; the others are looked through for its request id.
 *
 * @throws NoSuchRequestError where no such request is in the logs, or no debug lines of it; UserError where a log is none of a proxy's
 */
export async function timelineOf(
  given: readonly LogBytes[],
  asked: AskedRequest,
  { readers = [], pods = {}, concerns }: TimelineOptions = {},
): Promise<Timeline> {
  const shapes = await Promise.all(given.map(async (log) => ({ log, shape: await shapeOf(log, readers) })))
  requireLogs(shapes)
  const logs = shapes.map(({ log, shape: { proxy } }): ProxyLog => ({ proxy: log.name, ...log, ...named(proxy) }))
  const looking: Looking = { readers, concerns, byId: rememberedById(readers) }
  const chosen = await choose(logs, asked, looking)
  const requestId = chosen.leg.request.id
  const same: { log: string; legs: Leg[] }[] = []
  for (const log of logs) {
    const found = requestId === undefined ? [] : (await looking.byId(log, requestId)).streams
    const read = await Promise.all(
      found.filter(({ id }) => id?.stream !== chosen.leg.id.stream).map((one) => legIn(log, one, readers)),
    )
    same.push({ log: log.name, legs: read.flatMap((one) => one ?? []) })
  }
  const joined = joinLegs(chosen.leg, same)
  for (const attempt of joined.legs.flatMap(({ attempts }) => attempts)) {
    const pod = pods[attempt.host?.replace(/:\d+$/, '') ?? '']
    if (pod !== undefined) attempt.pod = pod
  }
  return {
    ...joined,
    ...(chosen.matching !== undefined && { matching: chosen.matching }),
    logs: shapes.map(({ log, shape }) => ({
      name: log.name,
      says: `${log.size} bytes; ${shape.forms.join(', ') || 'no messages of Envoy'}${shape.accesses > 0 ? ', access log' : ''}`,
    })),
  }
}

/** What is known beside the logs. */
export interface TimelineOptions {
  /** Of the access log formats that the mesh configuration names beside Istio's own. */
  readers?: readonly LineReader[]
  /** Names of pods by their addresses. */
  pods?: Readonly<Record<string, string>>
  /** Whether a request is one that is meant; all are when it is absent. */
  concerns?: (log: string, request: { access?: AccessLogLine; cluster?: string }) => boolean
}

/** What a search goes by. */
interface Looking {
  readers: readonly LineReader[]
  concerns: TimelineOptions['concerns'] | undefined
  byId: (log: LogBytes, requestId: string) => Promise<Survey>
}

/** Each log is looked through once for one id. */
function rememberedById(readers: readonly LineReader[]): Looking['byId'] {
  const known = new Map<string, { log: LogBytes; survey: Promise<Survey> }[]>()
  return (log, requestId) => {
    const found = known.get(requestId)?.find((one) => one.log === log)
    if (found !== undefined) return found.survey
    const survey = findById(log, requestId, readers)
    known.set(requestId, [...(known.get(requestId) ?? []), { log, survey }])
    return survey
  }
}

/** A log whose proxy is known by name. */
interface ProxyLog extends LogBytes {
  proxy: string
}

const named = (proxy: LogShape['proxy']): Partial<Pick<ProxyLog, 'proxy' | 'role'>> =>
  proxy === undefined ? {} : { proxy: proxy.name, ...(proxy.role !== undefined && { role: proxy.role }) }

type Shapes = readonly { log: LogBytes; shape: LogShape }[]

function requireLogs(shapes: Shapes): void {
  for (const { log, shape } of shapes) {
    if (log.size === 0) throw new UserError({ why: `${log.name} is empty.` })
    if (shape.forms.length === 0 && shape.accesses === 0)
      throw new UserError({
        why: `${log.name} has no line of a form that is known: neither Envoy's log (Istio's text or JSON form, or Envoy's own) nor an access log.`,
        remedies: ['Save the log of the container istio-proxy.'],
        commands: ['kubectl logs -n NAMESPACE POD -c istio-proxy > sidecar.log'],
      })
  }
}

interface Chosen {
  leg: Leg
  matching?: Timeline['matching']
}

const legIn = async (
  log: ProxyLog,
  { id, offset }: SeenRequest,
  readers: readonly LineReader[],
): Promise<Leg | undefined> => {
  const story = id === undefined ? undefined : await readStory(log, id, offset, readers)
  return story === undefined
    ? undefined
    : legOf({ log: log.name, proxy: log.proxy, ...(log.role !== undefined && { role: log.role }) }, story)
}

const what = ({ requestId, status, path }: AskedRequest): string =>
  [
    requestId !== undefined
      ? `request with the id ${requestId}`
      : status !== undefined
        ? `request answered ${status}`
        : 'failed request',
    ...(path === undefined ? [] : [`for ${path}`]),
  ].join(' ')

async function choose(logs: readonly ProxyLog[], asked: AskedRequest, looking: Looking): Promise<Chosen> {
  const { readers, concerns, byId } = looking
  const { requestId, path } = asked
  let unmarked: SeenRequest | undefined
  for (const log of logs) {
    const survey =
      requestId === undefined
        ? await findAnswered(log, asked, readers, (access) => concerns?.(log.name, { access }) ?? true)
        : await byId(log, requestId)
    const matching: Timeline['matching'] =
      requestId !== undefined
        ? undefined
        : survey.accessCount > 0
          ? { count: survey.accessCount, of: 'access log', what: what(asked) }
          : { count: survey.streamCount, of: 'debug log', what: what(asked) }
    unmarked ??= survey.accesses.at(-1)
    for (const one of await candidates(log, survey, byId)) {
      const leg = await legIn(log, one, readers)
      if (leg === undefined || (path !== undefined && !isPath(leg.request.path, path))) continue
      if (requestId === undefined && isOwn(leg)) continue
      if (requestId === undefined && concerns?.(log.name, leg) === false) continue
      return { leg, ...(matching !== undefined && { matching }) }
    }
  }
  throw none(logs, asked, unmarked)
}

/** Streams to look at, the latest first: those with an answer as asked, then those of which only the access log knows how they ended. */
async function candidates(log: LogBytes, survey: Survey, byId: Looking['byId']): Promise<SeenRequest[]> {
  const marked = survey.streams.toReversed().slice(0, MOST_TRIED)
  if (marked.length > 0) return marked
  for (const { access } of survey.accesses.toReversed().slice(0, MOST_TRIED)) {
    if (access?.requestId === undefined) continue
    const { streams } = await byId(log, access.requestId)
    if (streams.length > 0) return streams.toReversed()
  }
  return []
}

function none(logs: readonly LogBytes[], asked: AskedRequest, unmarked: SeenRequest | undefined): NoSuchRequestError {
  const names = logs.map(({ name }) => name).join(' and ')
  if (unmarked?.access !== undefined) {
    const { method = '', path = '', code, flags, at } = unmarked.access
    return new NoSuchRequestError({
      why: `${names} has the ${what(asked)} in its access log (${method} ${path}: ${code} ${flags.join(',')}, ${at}), but no debug lines of it.`,
      remedies: [REMEDY],
      commands: [RAISE],
    })
  }
  return new NoSuchRequestError({
    why: `There is no ${what(asked)} in ${names}.`,
    remedies: [
      asked.requestId !== undefined || asked.status !== undefined || asked.path !== undefined
        ? 'Ask without --request-id, --status and --path for a failed request.'
        : 'Name a request by --status 200, --path or --request-id.',
    ],
  })
}
