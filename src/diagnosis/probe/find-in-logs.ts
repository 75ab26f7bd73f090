import { setTimeout as pause } from 'node:timers/promises'
import { podAt } from '../../checks/facts/requests-to.ts'
import { UnseenError, type Clients } from '../../evidence/clients/clients.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { redact } from '../../evidence/redaction.ts'
import { parseAccessLog, type AccessLogLine } from '../../mesh/access-log.ts'
import { refOf } from '../../mesh/objects.ts'
import { hasProxy, PROXY_CONTAINER } from '../../mesh/pods.ts'
import { formatRef, type Ref } from '../../mesh/ref.ts'

/** Milliseconds between two looks, and until a line that did not come is given up; proxies write their logs about once a second. */
const LOOK_EVERY = 250
export const FOUND_WITHIN = 6000
/** Of a log since the probes began: lines and bytes. */
const MOST_LINES = 5000
const MOST_BYTES = 8 * 1024 * 1024

/** A line of a probe, in the log of one pod. */
export interface FoundLine {
  pod: Ref
  line: AccessLogLine
}

/** Where a probe was found, and where it was not and why. */
export interface FoundProbe {
  lines: FoundLine[]
  /** Sentences without their full stop. */
  missing: string[]
}

/** A look for one probe in the log of one pod. */
interface Wanted {
  id: string
  pod: Ref
}

export interface FindOptions {
  /** ISO time, by the cluster's clock, from before the first probe. */
  since: string
  signal: AbortSignal
  within?: number | undefined
}

/** Finds probes in the access logs of their gateways and then of the pods they were sent on to, by their ids; looks again until the lines are there or their time is over. */
export async function findInLogs(
  probes: readonly Wanted[],
  evidence: Evidence,
  clients: Clients,
  { since, signal, within = FOUND_WITHIN }: FindOptions,
): Promise<Map<string, FoundProbe>> {
  const found = new Map(probes.map(({ id }): [string, FoundProbe] => [id, { lines: [], missing: [] }]))
  const until = performance.now() + within
  let open = [...probes]
  for (;;) {
    const logs = await readLogs(open, clients, since, signal)
    const next: Wanted[] = []
    let hasFurther = false
    for (const wanted of open) {
      const log = logs.get(formatRef(wanted.pod))
      const line = log?.lines?.find(({ probe, requestId }) => (probe ?? requestId) === wanted.id)
      if (line === undefined) next.push(wanted)
      else {
        found.get(wanted.id)?.lines.push({ pod: wanted.pod, line: { ...line, probe: wanted.id } })
        const beyond = podAt(line.upstreamHost, evidence)
        // A sidecar's own upstream is its pod.
        if (beyond !== undefined && hasProxy(beyond) && formatRef(refOf(beyond)) !== formatRef(wanted.pod)) {
          next.push({ id: wanted.id, pod: refOf(beyond) })
          hasFurther = true
        }
      }
    }
    const isOver = performance.now() > until && !hasFurther
    for (const { id, pod } of isOver ? next : []) found.get(id)?.missing.push(whyMissing(pod, logs))
    if (next.length === 0 || isOver) return found
    open = next
    await pause(LOOK_EVERY, undefined, { signal })
  }
}

/** What a log held, or why it could not be read. */
interface Log {
  lines?: AccessLogLine[]
  blind?: string
}

async function readLogs(
  wanted: readonly Wanted[],
  { kubernetes }: Clients,
  since: string,
  signal: AbortSignal,
): Promise<Map<string, Log>> {
  const pods = new Map(wanted.map(({ pod }) => [formatRef(pod), pod]))
  const logs = await Promise.all(
    [...pods].map(async ([name, pod]): Promise<[string, Log]> => {
      try {
        const text = await kubernetes.log(pod, PROXY_CONTAINER, MOST_LINES, signal, {
          sinceTime: since,
          limitBytes: MOST_BYTES,
        })
        return [name, { lines: parseAccessLog(redact(text)).lines }]
      } catch (error) {
        if (!(error instanceof UnseenError) || signal.aborted) throw error
        return [name, { blind: redact(error.message) }]
      }
    }),
  )
  return new Map(logs)
}

function whyMissing(pod: Ref, logs: ReadonlyMap<string, Log>): string {
  const { lines = [], blind } = logs.get(formatRef(pod)) ?? {}
  if (blind !== undefined) return `the log of ${pod.name} could not be read (${blind})`
  return lines.length === 0
    ? `the log of ${pod.name} has no line for it, nor for any other request since: access logging may be off`
    : `the log of ${pod.name} has no line for it`
}
