import { setImmediate } from 'node:timers/promises'
import { parseAccessLog, type AccessLog } from '../../mesh/access-log.ts'
import type { LineReader } from '../../mesh/access-log-format.ts'
import { PROXY_CONTAINER } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { UnseenError } from '../clients/clients.ts'
import type { LogFound } from '../clients/log-search.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'
import { stepId } from '../step.ts'
import { redactedLines } from './redacted-lines.ts'

/** Lines read from the end of a proxy's log. */
export const TAIL_LINES = 500

/** Lines that are taken apart before others get a turn. */
const AT_A_STRETCH = 200

/** The entries of a log, without secrets. */
async function entriesOf(text: string, readers: readonly LineReader[]): Promise<AccessLog> {
  const withoutSecrets = redactedLines()
  const log: AccessLog = { lines: [], unreadable: 0 }
  let turn = 0
  for (let at = 0; at < text.length; turn += 1) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end === -1 ? text.length : end)
    at += line.length + 1
    const { lines, unreadable, example } = parseAccessLog(line, readers)
    log.lines.push(...withoutSecrets(lines))
    log.unreadable += unreadable
    if (example !== undefined) log.example ??= redact(example)
    if (turn % AT_A_STRETCH === 0) await setImmediate()
  }
  return log
}

/** Reads the tail of one proxy's access log; `readers` know the formats that the mesh configuration names beside Istio's own. */
export function accessLog(pod: Ref, readers: readonly LineReader[] = []): Step<'access-log'> {
  return {
    id: stepId('access-log', pod),
    kind: 'access-log',
    of: pod,
    group: 'traffic',
    title: `access log of ${pod.name}`,
    source: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c ${PROXY_CONTAINER} --tail=${TAIL_LINES}`,
    collect: async ({ kubernetes }, signal) => {
      const text = await kubernetes.log(pod, PROXY_CONTAINER, TAIL_LINES, signal)
      const log = await entriesOf(text, readers)
      return text.split('\n', TAIL_LINES).length < TAIL_LINES ? log : { ...log, isTail: true }
    },
  }
}

/** How a search for any of some texts is typed. */
const pattern = (texts: readonly string[]): string =>
  `'${texts.map((text) => text.replaceAll(/[.*[\]^$\\']/g, '.')).join('\\|')}'`

/** What is read of a log since a moment. */
export interface WindowAsked {
  /** ISO time; the API server knows seconds. */
  sinceTime: string
  /** Lines hold one of these; all count when there is none. */
  texts: readonly string[]
  readers?: readonly LineReader[]
  /** Lines that are kept, the newest, where it is not as many as are kept of any log. */
  most?: number
}

/**
 * Reads one proxy's access log since a moment, instead of its tail, for lines that hold one of some texts; for all when there is none. A log that could not
 * be read to its end is not seen: what is missing in it would be the latest.
 */
export function accessLogSince(pod: Ref, { sinceTime, texts, readers = [], most }: WindowAsked): Step<'access-log'> {
  return {
    id: `${stepId('access-log', pod)} since`,
    kind: 'access-log',
    of: pod,
    group: 'traffic',
    title: `access log of ${pod.name} since ${sinceTime.slice(11, 19)} UTC`,
    source: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c ${PROXY_CONTAINER} --since-time=${sinceTime}${texts.length === 0 ? '' : ` | grep ${pattern(texts)}`}`,
    collect: async (clients, signal) => {
      const { kubernetes } = clients
      if (kubernetes.search === undefined)
        throw new UnseenError('unavailable', 'the recording holds the end of the log only')
      const { text, ...found } = await kubernetes.search(
        pod,
        PROXY_CONTAINER,
        { sinceTime, texts, ...(most !== undefined && { limits: { lines: most } }) },
        signal,
      )
      const log = await entriesOf(text, readers)
      const last = log.lines.at(-1)?.at
      if (!found.whole)
        throw new UnseenError(
          'unavailable',
          `${found.lines} lines (${Math.round(found.bytes / 1e6)} MB) of the log since ${sinceTime} were read, and there are more${last === undefined ? '' : `; the last one read is of ${last}`}`,
        )
      const [first] = log.lines
      return {
        ...log,
        unreadable: log.unreadable + found.tooLong,
        window: {
          since: found.matched > log.lines.length + log.unreadable && first !== undefined ? first.at : sinceTime,
          read: found.lines,
          kept: log.lines.length,
          bytes: found.bytes,
          ...(found.tooLong > 0 && { tooLong: found.tooLong }),
          ...(found.garbled > 0 && { notUtf8: found.garbled }),
          ...rotatedAway(found, sinceTime, clients.now().getTime()),
        },
      }
    },
  }
}

/** Lines that a log would have had before its first one at the rate of those that are there, so that it is told where it begins. */
const MISSED = 50
/** Fewer lines are no rate. */
const FEWEST = 200

/** The kubelet keeps some megabytes of a log, and answers with what is left. */
function rotatedAway(
  { begins, lines, reachesBack }: Pick<LogFound, 'begins' | 'lines' | 'reachesBack'>,
  sinceTime: string,
  now: number,
): { begins?: string } {
  const at = Date.parse(begins ?? '')
  const missed = (lines * (at - Date.parse(sinceTime))) / Math.max(1, now - at)
  return reachesBack !== true && begins !== undefined && lines >= FEWEST && missed > MISSED ? { begins } : {}
}
