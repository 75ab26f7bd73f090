import { z } from 'zod'

/** Alerts as Alertmanager's API gives them (`GET /api/v2/alerts`). */
const ActiveAlerts = z.array(z.object({ fingerprint: z.string(), labels: z.record(z.string(), z.string()) }))
const Created = z.object({ silenceID: z.string() })

/** Milliseconds that a request may take. */
const PATIENCE = 5000
/** Silences that are made at once. */
const MOST_SILENCES = 50

/** Alertmanager did not take a silence; the message says why. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError'
}

/** A silence to be made: exactly the alerts with all of these labels. */
type Matchers = Record<string, string>

/**
 * What silences exactly the alerts of an incident: of each name the labels that they have in common, or, where another alert has those as well, all labels of each.
 * @param mine fingerprints of the incident's alerts
 */
export function matchersFor(
  active: readonly { fingerprint: string; labels: Record<string, string> }[],
  mine: ReadonlySet<string>,
): Matchers[] {
  const own = active.filter(({ fingerprint }) => mine.has(fingerprint))
  const others = active.filter(({ fingerprint }) => !mine.has(fingerprint))
  return [...Map.groupBy(own, ({ labels }) => labels.alertname ?? '').values()].flatMap((alerts) => {
    const [first] = alerts
    if (first === undefined) return []
    const common = Object.fromEntries(
      Object.entries(first.labels).filter(([name, value]) => alerts.every(({ labels }) => labels[name] === value)),
    )
    const isOnlyOurs = !others.some(({ labels }) =>
      Object.entries(common).every(([name, value]) => labels[name] === value),
    )
    return isOnlyOurs && Object.keys(common).length > 0 ? [common] : alerts.map(({ labels }) => labels)
  })
}

/**
 * Silences the alerts of an incident in Alertmanager (API v2).
 * @returns how many silences were made; 0 when it knows none of the alerts
 * @throws {SilenceError} when it does not answer or does not take one
 */
export async function silenceAlerts(
  url: string,
  {
    fingerprints,
    minutes,
    by,
    comment,
  }: { fingerprints: readonly string[]; minutes: number; by: string; comment: string },
): Promise<number> {
  const base = url.replace(/\/$/, '')
  const active = ActiveAlerts.safeParse(await ask(`${base}/api/v2/alerts?active=true&silenced=false&inhibited=false`))
  if (!active.success) throw new SilenceError('Alertmanager answered something else than its alerts.')
  const silences = matchersFor(active.data, new Set(fingerprints))
  if (silences.length > MOST_SILENCES)
    throw new SilenceError(`It would take ${silences.length} silences; at most ${MOST_SILENCES} are made at once.`)
  const startsAt = new Date()
  const endsAt = new Date(startsAt.getTime() + minutes * 60_000)
  for (const matchers of silences) {
    const made = await ask(`${base}/api/v2/silences`, {
      matchers: Object.entries(matchers).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })),
      startsAt: startsAt.toISOString(),
      endsAt: endsAt.toISOString(),
      createdBy: by,
      comment,
    })
    if (!Created.safeParse(made).success) throw new SilenceError('Alertmanager did not say that it made the silence.')
  }
  return silences.length
}

async function ask(address: string, body?: object): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(address, {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE),
    })
    if (!response.ok)
      throw new SilenceError(`Alertmanager answered ${response.status}: ${(await response.text()).slice(0, 200)}`)
    return await response.json()
  } catch (error) {
    if (error instanceof SilenceError) throw error
    throw new SilenceError('Alertmanager did not answer.', { cause: error })
  }
}
