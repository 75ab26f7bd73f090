import { randomUUID } from 'node:crypto'
import { podAt, type Request } from '../../checks/facts/requests-to.ts'
import type { Clients } from '../../evidence/clients/clients.ts'
import { probe, probeCommand } from '../../evidence/collectors/probe.ts'
import { Evidence } from '../../evidence/evidence.ts'
import type { Blind, Reading, Seen } from '../../evidence/reading.ts'
import { redact } from '../../evidence/redaction.ts'
import type { AnyStep } from '../../evidence/step.ts'
import { ruleFor } from '../../evidence/permission-rule.ts'
import { defined } from '../../mesh/defined.ts'
import type { Probe, ProbeRequest } from '../../mesh/probe.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import { answerOf, type Answer } from '../requests/answer.ts'
import { classKey } from '../requests/classes.ts'
import type { Followed } from '../requests/followed.ts'
import type { ProbedClass } from '../requests/probed-class.ts'
import type { ChosenClass } from './choose.ts'
import { findInLogs, type FoundProbe } from './find-in-logs.ts'
import type { SentProbe } from './probing.ts'

/** How probes are carried out. */
export interface SendOptions {
  clients: Clients
  /** Carries out steps of the plan. */
  look(steps: AnyStep[]): Promise<void>
  /** What was read so far. */
  readings(): readonly Reading[]
  signal: AbortSignal
  /** Milliseconds until a line that is not in a log is given up. */
  within?: number | undefined
}

/** What came of probes: for people, for the verdict, and the logs with the lines of those that count. */
export interface Probed {
  sent: SentProbe[]
  classes: ReadonlyMap<string, ProbedClass>
  readings: Reading[]
}

/** One probe that was carried out, of a class. */
interface Try {
  followed: Followed
  request: ProbeRequest
  reading: Seen<'probe'> | Blind<'probe'>
  found: FoundProbe
  /** Absent when no log shows it. */
  answer?: Answer
}

/** Sends a probe for each chosen class, and one more where the first failed against what is configured: one failure may be chance. */
export async function sendProbes(chosen: readonly ChosenClass[], options: SendOptions): Promise<Probed> {
  const first = await attempt(chosen, options)
  const again = first.filter((one) => isSurprise(one))
  const second =
    again.length === 0
      ? []
      : await attempt(
          again.map(({ followed, request }) => ({ followed, request: { ...request, id: randomUUID() } })),
          options,
        )
  const tries = [...first, ...second]
  const classes = new Map<string, ProbedClass>()
  for (const { followed } of chosen) {
    const own = tries.filter((one) => one.followed === followed)
    const isDoubtful = own.some(isUnexplained)
    const ids = own.filter(counts).map(({ request }) => request.id)
    classes.set(classKey(followed.requests), { ids, isDoubtful })
  }
  return { sent: tries.map(told), classes, readings: withLines(tries.filter(counts), options.readings()) }
}

async function attempt(chosen: readonly ChosenClass[], options: SendOptions): Promise<Try[]> {
  const { clients, signal, within } = options
  // A log knows whole seconds.
  const since = new Date(clients.now(Date.now()).getTime() - 2000).toISOString()
  await options.look(chosen.map(({ request }) => probe(request) as AnyStep))
  const tried = chosen.flatMap(({ followed, request }) => {
    const reading = options
      .readings()
      .find((one): one is Seen<'probe'> | Blind<'probe'> => one.kind === 'probe' && one.source === sourceOf(request))
    return reading === undefined ? [] : [{ followed, request, reading }]
  })
  const evidence = new Evidence(options.readings())
  const found = await findInLogs(
    tried.filter(({ reading }) => reading.ok).map(({ request: { id, pod } }) => ({ id, pod })),
    evidence,
    clients,
    { since, signal, within },
  )
  return tried.map((one): Try => {
    const own = found.get(one.request.id) ?? { lines: [], missing: [] }
    const request = requestOf(own, evidence)
    return { ...one, found: own, ...(request !== undefined && { answer: answerOf(request) }) }
  })
}

const sourceOf = (request: ProbeRequest): string => probe(request).source

/** The probe as the proxies logged it. */
function requestOf({ lines: [outer, inner] }: FoundProbe, evidence: Evidence): Request | undefined {
  if (outer === undefined) return undefined
  const logOf = ({ pod, line }: typeof outer): Request['log'] => ({
    kind: 'access-log',
    of: pod,
    source: '',
    at: line.at,
    ok: true,
    value: { lines: [line], unreadable: 0 },
  })
  return {
    entry: outer.line,
    log: logOf(outer),
    ...(inner !== undefined && { inner: { entry: inner.line, log: logOf(inner) } }),
    ...defined({ pod: podAt(outer.line.upstreamHost, evidence) }),
  }
}

const codeOf = ({ reading }: Try): number | undefined => (reading.ok ? reading.value.code : undefined)
const isRefused = (one: Try): boolean => [401, 403].includes(codeOf(one) ?? 0)

/** True when the application itself answered: in the last log that has the probe the answer came from the other end. */
const isOfApplication = ({ found: { lines } }: Try): boolean => lines.at(-1)?.line.details === 'via_upstream'

/**
 * True for a probe that is a request of its class like any other. What an application refuses or redirects has arrived all the same. A proxy's redirect
 * says nothing; neither does its 401 or 403 where it depends on the caller: a probe shows no token.
 */
function counts(one: Try): boolean {
  const { answer, found, followed } = one
  if (answer === undefined || answer === 'unknown') return false
  if (isRefused(one) && followed.way?.foreseen !== 'fails') return isOfApplication(one) && found.lines.length > 1
  return answer !== 'declined' || isOfApplication(one)
}

/** True for one that failed though it is not foreseen to. */
const isSurprise = (one: Try): boolean =>
  one.followed.way?.foreseen !== 'fails' && counts(one) && one.answer === 'failed'

/** True for one whose failure no log shows: that it arrives cannot be said any more. */
const isUnexplained = (one: Try): boolean =>
  one.reading.ok && one.answer === undefined && (one.reading.value.code === undefined || one.reading.value.code >= 500)

/** The readings with the lines of probes that count in their logs. */
function withLines(tries: readonly Try[], readings: readonly Reading[]): Reading[] {
  const lines = tries.flatMap(({ found }) => found.lines)
  const pods = [...new Map(lines.map(({ pod }) => [formatRef(pod), pod])).values()]
  const at = new Date(Math.max(0, ...readings.map((one) => Date.parse(one.at)))).toISOString()
  return [
    ...readings.map((reading): Reading => {
      if (reading.kind !== 'access-log' || !reading.ok) return reading
      const own = lines.filter(({ pod }) => reading.of !== undefined && sameRef(pod, reading.of))
      if (own.length === 0) return reading
      const { value } = reading
      return { ...reading, at, value: { ...value, lines: [...value.lines, ...own.map(({ line }) => line)] } }
    }),
    ...pods
      .filter(
        (pod) =>
          !readings.some(({ kind, of, ok }) => kind === 'access-log' && ok && of !== undefined && sameRef(of, pod)),
      )
      .map((pod): Reading => ({
        kind: 'access-log',
        of: pod,
        source: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c istio-proxy --since=1m`,
        at,
        ok: true,
        value: { lines: lines.filter((one) => sameRef(one.pod, pod)).map(({ line }) => line), unreadable: 0 },
      })),
  ]
}

function told(one: Try): SentProbe {
  const { request, found } = one
  const code = codeOf(one)
  return {
    ...request,
    path: redact(request.path),
    command: redact(probeCommand(request)),
    ...defined({ code }),
    logged: found.lines.map(({ pod }) => pod),
    counts: counts(one),
    says: sentenceOf(one),
  }
}

function sentenceOf(one: Try): string {
  const { reading, found, answer } = one
  if (!reading.ok) return `it was not sent: ${blindly(reading)}`
  const { code, failure }: Probe = reading.value
  if (code === undefined) return [failure ?? 'no answer came back', ...found.missing].join('; ')
  const flags = found.lines[0]?.line.flags.join(',') ?? ''
  const where =
    found.lines.length === 0 ? '' : `, found in the logs of ${found.lines.map(({ pod }) => pod.name).join(' and ')}`
  const says = `it was answered ${code}${flags === '' ? '' : ` (${flags})`}${where}`
  return [says, ...found.missing, ...aside(one, answer)].join('; ')
}

/** Why a probe that was answered does not count. */
function aside(one: Try, answer: Answer | undefined): string[] {
  if (counts(one)) return answer === 'declined' ? ["that is the application's own answer: the request arrives"] : []
  if (answer === undefined) return ['it is not counted: no log shows what was answered, and by whom']
  if (isRefused(one)) return ['it is not counted: a probe carries no token, so this may be the correct answer']
  return ['it is not counted: whether this is what callers want is not known']
}

const blindly = ({ reason, detail, permission }: Blind): string =>
  `${detail} (${reason})${permission === undefined ? '' : `; missing rule: ${ruleFor(permission)}`}`
