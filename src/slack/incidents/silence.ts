import { denyRole } from '../../fixes/authorise.ts'
import { groupsOf } from '../../fixes/roles.ts'
import { SilenceError, silenceAlerts } from '../../incidents/alertmanager-silences.ts'
import { UserError } from '../../mesh/user-error.ts'
import { changeIncident, readSubject, type Incident } from '../../store/incidents.ts'
import { requireViewer } from '../access/require-role.ts'
import type { Asking } from '../access/asking.ts'
import type { SlackDeps } from '../deps.ts'

/** Whoever may not silence here is told why: in Alertmanager it takes an operator. @throws UserError */
export async function mayWriteSilence(
  deps: Pick<SlackDeps, 'policy' | 'members' | 'alertmanager'>,
  asking: Asking,
): Promise<void> {
  if (deps.alertmanager === undefined) return requireViewer(deps, asking)
  const { user, channel } = asking
  const groups = await groupsOf(deps.policy, user, deps.members)
  const denied = denyRole(deps.policy, { user, channel, groups }, 'operator', 'silence alerts from here')
  if (denied !== undefined) throw denied
}

/**
 * Silences an incident: its alerts in Alertmanager where that is configured, else what is said of it here.
 * @throws UserError when it cannot be done
 */
export async function silence(
  deps: Pick<SlackDeps, 'records' | 'policy' | 'members' | 'alertmanager' | 'audit'>,
  asking: Asking,
  where: { subject: string; id: string },
  minutes: number,
): Promise<Incident> {
  await mayWriteSilence(deps, asking)
  const { records, alertmanager } = deps
  const incident = (await readSubject(records, where.subject))?.incidents.find(({ id }) => id === where.id)
  if (incident === undefined || incident.state === 'resolved')
    throw new UserError({ why: 'This incident is over; there is nothing to silence.' })
  const made = alertmanager === undefined ? 0 : await inAlertmanager(alertmanager, incident, asking, minutes)
  const at = new Date()
  const silenced = await changeIncident(records, where, (now) => ({
    ...now,
    silence: {
      until: new Date(at.getTime() + minutes * 60_000).toISOString(),
      by: asking.user,
      at: at.toISOString(),
      where: made > 0 ? 'in Alertmanager' : 'here only',
    },
    // Shown at once: somebody waits for it.
    shown: { digest: '', at: new Date(0).toISOString() },
  }))
  await deps.audit({
    event: 'incident-silenced',
    by: { user: asking.user, ...(asking.team !== undefined && { team: asking.team }) },
    ...(incident.run !== undefined && { run: incident.run }),
    facts: { incident: incident.id, minutes, silences: made, alerts: incident.names },
  })
  return silenced ?? incident
}

async function inAlertmanager(
  url: string,
  { alerts, names }: Incident,
  { user }: Asking,
  minutes: number,
): Promise<number> {
  try {
    const made = await silenceAlerts(url, {
      fingerprints: Object.keys(alerts),
      minutes,
      by: `Slack user ${user}`,
      comment: `mesh-medic: ${names.slice(0, 3).join(', ')}`,
    })
    if (made > 0) return made
    throw new UserError({
      why: 'Alertmanager knows none of the alerts of this incident as active: nothing was silenced.',
      remedies: ['Perhaps they came from Grafana or PagerDuty, are silenced already, or have just ended.'],
    })
  } catch (error) {
    if (!(error instanceof SilenceError)) throw error
    throw new UserError(
      {
        why: `The alerts were not silenced. ${error.message}`,
        remedies: ['Silence them in Alertmanager itself, or try again.'],
      },
      { cause: error },
    )
  }
}
