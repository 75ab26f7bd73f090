import { lookForChanges } from '../../diagnosis/triage/look-for-changes.ts'
import { listChanges, type ChangeRecord } from '../../fixes/record.ts'
import { parseTarget } from '../../mesh/target-query.ts'
import { UserError } from '../../mesh/user-error.ts'
import { changeSeenText } from '../../report/change-seen-text.ts'
import type { Incident, IncidentEnd } from '../../store/incidents.ts'
import { readRun } from '../../store/runs.ts'
import type { SlackDeps } from '../deps.ts'

/** Milliseconds that a look at the mesh may take. */
const PATIENCE = 20_000
/** Milliseconds that an alert goes on after what ended its cause: a rule looks back for minutes. */
const LOOKS_BACK = 15 * 60_000

/** What ended an incident: a change of ours, another change of what it is about, or neither. Never rejects for a mesh that cannot be read: that is said. */
export async function endOf(
  deps: Pick<SlackDeps, 'records' | 'clients' | 'log'>,
  incident: Incident,
): Promise<IncidentEnd> {
  const ours = await ourChange(deps, incident)
  if (ours !== undefined)
    return {
      by: 'change',
      says: `by the change “${ours.title}”${ours.proof?.outcome === 'gone' ? ', which was proved' : ''}`,
    }
  const { target, firstAt, resolvedAt = incident.lastAt } = incident
  if (target === undefined || incident.elsewhere !== undefined)
    return { by: 'unknown', says: 'what ended it is not known: no workload was looked at' }
  try {
    const { changes, unread } = await lookForChanges(parseTarget(target.text, target.namespace), deps.clients, {
      from: Math.max(Date.parse(firstAt), Date.parse(resolvedAt) - LOOKS_BACK),
      to: Date.parse(resolvedAt),
      signal: AbortSignal.timeout(PATIENCE),
      stepTimeout: PATIENCE,
    })
    const [last] = changes.filter(({ kind }) => kind !== 'event')
    if (last !== undefined)
      return {
        by: last.kind === 'rollout' ? 'rollout' : 'object',
        says: `after ${changeSeenText(last)} at ${last.at.slice(11, 16)} UTC`,
      }
    return unread.length === 0
      ? { by: 'itself', says: 'by itself: nothing that concerns it was changed' }
      : { by: 'unknown', says: `nothing that was read was changed; not read: ${unread.slice(0, 3).join(', ')}` }
  } catch (err) {
    deps.log.warn({ err, incident: incident.id }, 'what ended an incident is not known')
    return {
      by: 'unknown',
      says: `what ended it is not known${err instanceof UserError ? '' : ': the cluster did not answer'}`,
    }
  }
}

/** A change of ours to the same target that stands, made while the incident went on. */
async function ourChange(
  { records, log }: Pick<SlackDeps, 'records' | 'log'>,
  incident: Incident,
): Promise<ChangeRecord | undefined> {
  if (incident.run === undefined) return undefined
  const target = (await readRun(records, incident.run))?.request.target?.key
  const changes = await listChanges(records, (change, err) => log.warn({ err, change }, 'a change could not be read'))
  const { firstAt, resolvedAt = incident.lastAt } = incident
  return changes.findLast(
    ({ of, target: about, state, appliedAt, wrote = [] }) =>
      (of === incident.run || about === target) &&
      state !== 'undone' &&
      wrote.length > 0 &&
      appliedAt !== undefined &&
      appliedAt >= firstAt &&
      appliedAt <= resolvedAt,
  )
}
