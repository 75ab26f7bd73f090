import type { Incident } from '../../store/incidents.ts'
import { clean, shorten } from './escape.ts'
import { fit } from './fit.ts'
import { bold, bullets, code, dayTime, line, link, rich, text, type Piece, type SlackMessage } from './rich.ts'

/** Incidents that one message shows. */
export const MOST_INCIDENTS = 20

/** The incidents that go on, latest first, each with its thread. */
export function incidentsMessage(
  shown: readonly { incident: Incident; url: string | undefined }[],
  count: number,
  { unreadable, isAll }: { unreadable: number; isAll: boolean },
): SlackMessage {
  const where = isAll ? '' : ' in this channel'
  const title =
    count === 0
      ? `No incident goes on${where}`
      : `${shown.length < count ? `The last ${shown.length} of ${count}` : count} ${count === 1 ? 'incident goes' : 'incidents go'} on${where}`
  return fit(
    {
      text: title,
      blocks: [
        rich(line(bold(title))),
        ...(shown.length === 0 ? [] : [rich(bullets(shown.map((one) => item(one.incident, one.url))))]),
        ...(unreadable === 0
          ? []
          : [rich(line(text(`${unreadable} could not be read: they are of another version.`)))]),
      ],
    },
    { hasFile: false },
  )
}

function item({ names, target, firstAt, alerts, cause, silence, cluster }: Incident, url: string | undefined): Piece[] {
  const firing = Object.values(alerts).filter(({ status }) => status === 'firing').length
  return [
    bold(shorten(clean(names[0] ?? 'an alert'), 80)),
    ...(target === undefined ? [] : [text(' '), code(shorten(clean(target.text), 100))]),
    ...(cluster === undefined ? [] : [text(' in '), code(shorten(clean(cluster), 60))]),
    text(' since '),
    dayTime(firstAt),
    text(`, ${firing} firing`),
    ...(silence !== undefined && Date.parse(silence.until) > Date.now() ? [text(', silenced')] : []),
    text(`. ${cause === undefined ? 'No cause is known.' : shorten(clean(cause.says), 300)} `),
    ...(url === undefined ? [] : [link(url, 'Thread')]),
  ]
}
