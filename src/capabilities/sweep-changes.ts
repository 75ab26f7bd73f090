import { emptied, isKept, isSpent, listChanges, readChange, updateChange, type ChangeRecord } from '../fixes/record.ts'
import type { Unreadable } from '../store/list-readable.ts'
import { isFinished, readRun, reopenRun } from '../store/runs.ts'
import { isUnderWay } from './abandon-change.ts'
import type { ChangeBoard } from './change-board.ts'
import { BOT, type DecideRequest } from './decide-request.ts'
import type { CapabilityDeps } from './deps.ts'

/** Milliseconds after its time in which it is said of a proposal that it has expired. */
const TELLS = 24 * 60 * 60_000

type SweepDeps = Pick<CapabilityDeps, 'records' | 'log'> & { board: Pick<ChangeBoard, 'proposal'> }

/**
 * Brings changes to what their records say: takes the buttons from proposals whose time is over, drops what nobody can write any more, and opens the run again of a change that was begun and has
 * nobody who goes on with it; the sweep for runs does. For the start, and now and then.
 */
export async function sweepChanges(deps: SweepDeps): Promise<void> {
  const unreadable: Unreadable = (change, err) => deps.log.warn({ change, err }, 'a change could not be read')
  for (const change of await listChanges(deps.records, unreadable)) {
    try {
      await sweep(deps, change)
    } catch (err) {
      deps.log.warn({ err, change: change.id }, 'a change could not be swept')
    }
  }
}

async function sweep(deps: SweepDeps, change: ChangeRecord): Promise<void> {
  if (change.state === 'proposed' || change.state === 'expired') await expire(deps, change)
  if (isKept(change) && isSpent(change, Date.now()))
    await updateChange(deps.records, change.id, (now) =>
      isKept(now) && isSpent(now, Date.now()) ? emptied(now, new Date().toISOString()) : undefined,
    )
  const run = change.undo?.run ?? change.decided?.run
  if (run === undefined || !isOpen(change, run)) return
  const known = await readRun(deps.records, run)
  if (known !== undefined && !isFinished(known)) return
  // The run may have come to its end since the change was read.
  const now = await readChange(deps.records, change.id)
  if (now === undefined || !isOpen(now, run)) return
  deps.log.warn({ change: change.id, run }, 'an abandoned change is continued')
  await reopenRun(deps.records, {
    id: run,
    request: requestOf(now),
    asker: askerOf(now),
    channel: now.channel,
    thread: now.thread,
  })
}

/** Approved, and nothing is said of what came of it. */
const isOpen = (change: ChangeRecord, run: string): boolean =>
  (change.state === 'approved' && change.decided?.run === run) || isUnderWay(change, run)

/** True when it is a person's own press that takes the change back, and not the proof of its approval. */
const isUndoAsked = ({ undo }: ChangeRecord): boolean => undo !== undefined && undo.user !== BOT

function requestOf(change: ChangeRecord): DecideRequest {
  const verb = isUndoAsked(change) ? 'undo' : 'approve'
  return { kind: 'decide', text: `${verb} ${change.title}`, change: change.id, decision: { verb } }
}

function askerOf(change: ChangeRecord): { user: string; team?: string } {
  const { user = BOT, team } = (isUndoAsked(change) ? change.undo : change.decided) ?? {}
  return { user, ...(team !== undefined && { team }) }
}

async function expire({ records, board }: SweepDeps, { id, state, expiresAt, told }: ChangeRecord): Promise<void> {
  const late = Date.now() - Date.parse(expiresAt)
  if (late < 0 || (state === 'expired' && (told === true || late > TELLS))) return
  const expired = await updateChange(records, id, (change) =>
    change.state === 'proposed' ? { ...change, state: 'expired' } : undefined,
  )
  if (expired?.state !== 'expired') return
  await board.proposal(expired)
  await updateChange(records, id, (change) =>
    change.state === 'expired' && change.told !== true ? { ...change, told: true } : undefined,
  )
}
