import type { Exchange } from './exchange.ts'
import type { Parties } from './parties.ts'
import type { Stream } from './stream.ts'

/**
 * What came of a stream. `refused`: RST for SYN. `unreached`: SYN without any answer. `client-closed-first`, `server-closed-first`: before the answer was
 * there, or whole (`isBroken`). `waiting`: no answer when the capture ended. `answered`: each request that was seen. `silent`: no request was seen.
 */
export type OutcomeKind =
  'refused' | 'unreached' | 'client-closed-first' | 'server-closed-first' | 'waiting' | 'answered' | 'silent'

export interface Outcome {
  kind: OutcomeKind
  /** The exchange that it is about: the one that failed, else the slowest. */
  exchange?: Exchange
  /** From the request to the first close. Negative when the request came after it. Milliseconds. */
  closedAfter?: number
  closedWith?: 'FIN' | 'RST'
  /** From the first close to the first byte of the answer. Milliseconds. */
  answeredAfterClose?: number
  /** What came after the close was answered with RST: nobody took it. */
  isRefused?: boolean
  /** The answer had begun. */
  isBroken?: boolean
  /** How long the stream had been idle before the request. Milliseconds. */
  idleBefore?: number
}

const askedAt = ({ request }: Exchange): number => request?.at ?? Infinity
/** When the request was there: a close is counted from then on. */
const sentAt = ({ request }: Exchange): number => request?.end ?? 0

/** How long the answer to a request took to begin; undefined when there is none. Milliseconds. */
export const waited = ({ request, response }: Exchange): number | undefined =>
  request === undefined || response === undefined ? undefined : Math.max(0, response.at - request.end)

/** Says what came of a stream, from who closed first and which request was open then. */
export function outcomeOf(stream: Stream, { clientSide }: Parties): Outcome {
  const { firstClose, synAckAt, syn, afterClose, conversation, lastAt } = stream
  const { kept } = conversation.exchanges
  const serverSide = clientSide === 0 ? 1 : 0
  const hasSpoken = stream.flow(0).bytes + stream.flow(1).bytes > 0
  if (syn !== undefined && synAckAt === undefined && !hasSpoken && stream.flow(serverSide).packets === 0) {
    if (firstClose === undefined) return { kind: 'unreached' }
  }
  if (
    syn !== undefined &&
    synAckAt === undefined &&
    !hasSpoken &&
    firstClose?.kind === 'RST' &&
    firstClose.by === serverSide
  )
    return { kind: 'refused', closedAfter: firstClose.at - syn.at, closedWith: 'RST' }
  if (firstClose !== undefined) {
    const isClient = firstClose.by === clientSide
    const open = openAt(kept, firstClose.at)
    const late = isClient
      ? undefined
      : kept.find((one) => one.request !== undefined && one.request.at >= firstClose.at && one.response === undefined)
    const exchange = open ?? late
    if (exchange !== undefined) {
      const answerAt = exchange.response === undefined ? undefined : exchange.response.at
      const isBroken = answerAt !== undefined && answerAt <= firstClose.at
      // What is sealed may be a goodbye as well as an answer.
      const isTold = !isBroken && conversation.protocol !== 'tls'
      const answered = isTold ? (answerAt ?? (afterClose?.by === serverSide ? afterClose.at : undefined)) : undefined
      const idleBefore = idle(kept, exchange)
      return {
        kind: isClient ? 'client-closed-first' : 'server-closed-first',
        exchange,
        closedAfter: firstClose.at - sentAt(exchange),
        closedWith: firstClose.kind,
        ...(answered !== undefined && isClient && { answeredAfterClose: answered - firstClose.at }),
        ...(afterClose !== undefined && { isRefused: afterClose.isRefused }),
        ...(isBroken && { isBroken }),
        ...(idleBefore !== undefined && { idleBefore }),
      }
    }
  }
  const only = conversation.exchanges.only
  if (only !== undefined && firstClose !== undefined)
    return only.request === undefined ? { kind: 'silent' } : { kind: 'answered', exchange: only }
  const asked = kept.filter(({ request }) => request !== undefined)
  const waiting = firstClose === undefined ? asked.findLast(({ response }) => response === undefined) : undefined
  if (waiting !== undefined && waiting === kept.at(-1))
    return { kind: 'waiting', exchange: waiting, closedAfter: lastAt - sentAt(waiting) }
  const slowest = slowestOf(asked)
  return slowest === undefined ? { kind: 'silent' } : { kind: 'answered', exchange: slowest }
}

function slowestOf(all: readonly Exchange[]): Exchange | undefined {
  let slowest = all[0]
  for (const one of all) if ((waited(one) ?? 0) > (slowest === undefined ? 0 : (waited(slowest) ?? 0))) slowest = one
  return slowest
}

/** The latest request that was sent before some moment and whose answer was not there, or not whole, at that moment. */
function openAt(kept: readonly Exchange[], at: number): Exchange | undefined {
  const latest = kept.findLast((one) => askedAt(one) <= at)
  if (latest === undefined) return undefined
  const { response } = latest
  if (response === undefined || response.at > at) return latest
  return response.isWhole === false || (response.isWhole === true && response.end > at) ? latest : undefined
}

function idle(kept: readonly Exchange[], exchange: Exchange): number | undefined {
  const before = kept[kept.indexOf(exchange) - 1]
  const end = before?.response?.end ?? before?.request?.end
  return end === undefined ? undefined : askedAt(exchange) - end
}
