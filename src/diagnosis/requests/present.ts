import { once } from '../../checks/facts/fact.ts'
import { idleBefore } from '../../checks/facts/idle-connections.ts'
import { isJudgedByOldPolicy, nearest, type Request } from '../../checks/facts/requests-to.ts'
import { areOver, areTogether } from '../../checks/facts/over.ts'
import { quantile } from '../../mesh/latency.ts'
import { answerOf, type Answer } from './answer.ts'

/** How a row of requests stands now. */
export interface Present {
  requests: number
  /** Those that failed, oldest first. */
  failures: Request[]
  /** `none`: no requests; `over`: some failed, and so many were answered since that the failure is past; `few`: too few failed to be more than chance. */
  state: 'none' | 'answered' | 'few' | 'over' | 'fails'
  /** ISO time of the first failure of those that go on. */
  since?: string
}

/** When a request began, in milliseconds since the epoch. */
const timeOf = once(({ entry }: Request): number => Date.parse(entry.at))

/** From this share on, and at least two of them, failures are more than a passing matter. */
const SHARE = 0.05
/** For an application's own refusals: how many of the row before must have been answered, and of the row since declined. */
const JUMP = { share: 0.8, before: 3, since: 4 }
/** Callers that give up, in a row from some moment on, before it is no chance any more: each may have reasons of its own. */
const GIVEN_UP = 6

const answered = (requests: readonly Request[]): number => requests.filter((one) => answerOf(one) === 'answered').length

/** The same where an earlier trouble is among the row before: of so many just before, and for more since, as any row has good and bad stretches. */
const LATELY = { share: 0.8, of: 20, before: 10, since: 8 }

/**
 * The place from which on nearly all requests are declined or fail, when nearly all before were answered; -1 without such a place.
 *
 * @param share of those before that must have been answered, out of as many as `of`
 */
function jumpOf(
  answers: readonly Answer[],
  { share, of, before: least, since: enough }: { share: number; of: number; before: number; since: number },
): number {
  const until = [0]
  for (const one of answers) until.push((until.at(-1) ?? 0) + (one === 'answered' ? 1 : 0))
  const answeredIn = (from: number, to: number): number => ((until[to] ?? 0) - (until[from] ?? 0)) / (to - from)
  let best = -1
  let gain = 0
  for (let at = least; answers.length - at >= enough; at += 1) {
    const before = answeredIn(Math.max(0, at - of), at)
    const since = answeredIn(at, answers.length)
    if (before >= share && since <= 1 - share && before - since > gain) [best, gain] = [at, before - since]
  }
  return best
}

/** The same of requests; beside an earlier trouble one counts that came after a moment: what changed until then says nothing of the present. */
function jump(row: readonly Request[], moment: number): number {
  const answers = row.map(answerOf)
  const ever = jumpOf(answers, { ...JUMP, of: Infinity })
  if (ever !== -1) return ever
  const lately = jumpOf(answers, LATELY)
  return Date.parse(row[lately]?.entry.at ?? '') > moment ? lately : -1
}

/** True for a request that a policy refused. */
function isRefusal(request: Request): boolean {
  const { code, details = '', termination = '' } = nearest(request).entry
  return code === 401 || code === 403 || /rbac|jwt_authn|ext_authz/.test(`${details} ${termination}`)
}

/** True for a request whose caller hung up before any answer came. */
const isGivenUp = ({ entry: { method, code, flags } }: Request): boolean =>
  method !== undefined && code === 0 && flags.includes('DC')

/** Requests since a moment when all of them failed, most because their callers gave up, and the same class was answered before; none otherwise. */
function allGivenUp(inOrder: readonly Request[], moment: number): Request[] {
  const wasAnswered = inOrder.some((one) => timeOf(one) <= moment && answerOf(one) === 'answered')
  const current = inOrder.filter((one) => timeOf(one) > moment && (isGivenUp(one) || answerOf(one) !== 'unknown'))
  const isLost = (one: Request): boolean => isGivenUp(one) || answerOf(one) === 'failed'
  return wasAnswered && current.filter(isGivenUp).length >= GIVEN_UP && current.every(isLost) ? current : []
}

/**
 * Requests without those that failed before a moment, where only then a jump after it shows: whether an application's refusals are new
 * is told by what it answered before, and not by an earlier trouble of the mesh.
 */
function withoutPast(told: readonly Request[], moment: number): readonly Request[] {
  if (jump(told, moment) !== -1) return told
  const rest = told.filter((one) => answerOf(one) !== 'failed' || timeOf(one) > moment)
  const first = rest[jump(rest, moment)]
  return first !== undefined && Date.parse(first.entry.at) > moment ? rest : told
}

/** True when the failures in a row are over; those that stand close together tell how often it failed while it did. */
function isOver(row: readonly Request[], isFailure: (one: Request) => boolean): boolean {
  const failures = row.filter(isFailure)
  if (failures.length === 0) return false
  const first = row.findIndex(isFailure)
  const until = row.findLastIndex(isFailure) + 1
  const span = until - first
  const areClose = areTogether(failures.length, span, row.length)
  const since = answered(row.slice(until))
  return [until, ...(areClose ? [span] : [])].some((each) => areOver(failures.length, each, since))
}

/** From this part of a timeout on, an answer came close to it: the next may come after it. */
const CLOSE = 0.5

/**
 * True when timeouts ended requests, and of those answered after the last of them a tenth took nearly as long: nothing has changed but
 * luck. After a slow spell they are quick again.
 */
function comesAgain(row: readonly Request[], isFailure: (one: Request) => boolean): boolean {
  const sorted = (some: readonly Request[]): number[] =>
    some.flatMap(({ entry: { duration } }) => (duration === undefined ? [] : [duration])).toSorted((a, b) => a - b)
  const waited = sorted(row.filter((one) => isFailure(one) && one.entry.flags.includes('UT')))
  const took = sorted(row.slice(row.findLastIndex(isFailure) + 1))
  return waited.length >= 2 && took.length > 0 && quantile(took, 0.9) >= CLOSE * quantile(waited, 0.5)
}

/** Of cut requests, the share that went over connections idle for about as long, and how far apart that may lie. */
const IDLE = { share: 0.8, fewest: 3, shortest: 100, spread: 1.25, slack: 100 }

/**
 * True when requests were cut over connections that had been idle for about as long (503 UC), and since the last of them hardly any was answered over one that had been idle
 * for longer: the next pause of a caller may be as long again.
 */
function pausesAgain(row: readonly Request[], isFailure: (one: Request) => boolean): boolean {
  const idleOf = (one: Request): number | undefined => {
    const { entry, log } = nearest(one)
    return idleBefore(log.value).get(entry)
  }
  const failures = row.filter(isFailure)
  const cut = failures
    .flatMap((one) => (nearest(one).entry.flags.includes('UC') ? (idleOf(one) ?? []) : []))
    .toSorted((a, b) => a - b)
  const [shortest = 0] = cut
  const longest = cut.at(-1) ?? 0
  const end = longest * IDLE.spread + IDLE.slack
  if (cut.length < IDLE.fewest || cut.length < failures.length * IDLE.share) return false
  if (shortest < IDLE.shortest || quantile(cut, IDLE.share) > shortest * IDLE.spread + IDLE.slack) return false
  const paused = row.slice(row.findLastIndex(isFailure) + 1).filter((one) => {
    const idle = idleOf(one)
    return answerOf(one) === 'answered' && idle !== undefined && idle > longest && idle <= end
  })
  return paused.length < IDLE.fewest
}

/** The parts of a row before and after the middle of two troubles, each with the longest row of requests between two failures. */
function twoTroubles(row: readonly Request[], isFailure: (one: Request) => boolean): readonly (readonly Request[])[] {
  const places = row.flatMap((one, place) => (isFailure(one) ? [place] : []))
  const gaps = places.slice(1).map((next, index) => ({ from: (places[index] ?? 0) + 1, to: next }))
  const [longest] = gaps.toSorted((a, b) => b.to - b.from - (a.to - a.from))
  return longest === undefined ? [] : [row.slice(0, longest.to), row.slice(longest.from)]
}

/**
 * How requests stand now, told from those of the same class in the order they came.
 *
 * @param all all that are known, also from before the last change of what concerns them
 * @param moment milliseconds since the epoch; failures from before say nothing of the present
 */
export function presentOf(all: readonly Request[], moment: number): Present {
  if (all.every((one) => answerOf(one) === 'answered')) {
    const requests = all.filter((one) => timeOf(one) > moment).length
    return { requests, failures: [], state: requests === 0 ? 'none' : 'answered' }
  }
  const inOrder = all.toSorted((a, b) => timeOf(a) - timeOf(b))
  const given = allGivenUp(inOrder, moment)
  const [gone] = given
  if (gone !== undefined) return { requests: given.length, failures: given, state: 'fails', since: gone.entry.at }
  // What an old connection was refused before it was drained says nothing of the present, unless it was allowed until then.
  const last = inOrder.findLast((one) => timeOf(one) <= moment && answerOf(one) !== 'unknown')
  const wasAllowed = last !== undefined && answerOf(last) === 'answered'
  const isOld = (one: Request): boolean =>
    !wasAllowed && answerOf(one) === 'failed' && isRefusal(one) && isJudgedByOldPolicy(one, moment)
  const told = withoutPast(
    inOrder.filter((one) => answerOf(one) !== 'unknown' && !isOld(one)),
    moment,
  )
  const current = told.filter((one) => timeOf(one) > moment)
  const toldJump = jump(told, moment)
  // Callers that all give up waiting from some moment on are not answered any more.
  const known =
    toldJump === -1 ? inOrder.filter((one) => (answerOf(one) !== 'unknown' || isGivenUp(one)) && !isOld(one)) : told
  const later = toldJump === -1 ? jump(known, moment) : toldJump
  const at = toldJump === -1 && known.length - later < GIVEN_UP ? -1 : later
  const sinceJump = at === -1 ? [] : known.slice(at).filter((one) => answerOf(one) !== 'answered')
  // A change that leaves no trace in any object, a deletion, shows as a jump alone.
  const failures = at === -1 ? current.filter((one) => answerOf(one) === 'failed') : sinceJump
  const requests = at === -1 ? current.length : known.length - at
  const [first] = failures
  if (requests === 0) return { requests: 0, failures: [], state: 'none' }
  if (first === undefined) return { requests, failures, state: 'answered' }
  const row = at === -1 ? current : known.slice(at)
  const failing = new Set(failures)
  const isFailure = (request: Request): boolean => failing.has(request)
  if (comesAgain(row, isFailure) || pausesAgain(row, isFailure)) return ongoing(row, failures)
  if (isOver(row, isFailure)) return { requests, failures, state: 'over' }
  const latest = lastTrouble(row, isFailure)
  if (latest === undefined) return ongoing(row, failures)
  if (isOver(latest, isFailure)) return { requests, failures, state: 'over' }
  // Of troubles that are past, nothing is told beside one that goes on.
  const rest = ongoing(latest, latest.filter(isFailure))
  return rest.state === 'fails' ? rest : ongoing(row, failures)
}

/** What is left of a row without the troubles at its beginning that were past before the next began; undefined when the first is not. */
function lastTrouble(row: readonly Request[], isFailure: (one: Request) => boolean): readonly Request[] | undefined {
  const [one = [], other = []] = twoTroubles(row, isFailure)
  return other.length > 0 && isOver(one, isFailure) ? (lastTrouble(other, isFailure) ?? other) : undefined
}

/** How a row of requests stands of which failures go on. */
function ongoing({ length: requests }: readonly Request[], failures: Request[]): Present {
  const [first] = failures
  const state = failures.length >= 2 && failures.length / requests >= SHARE ? 'fails' : 'few'
  return { requests, failures, state, ...(first !== undefined && { since: first.entry.at }) }
}
