import type { Report } from '../diagnosis/report.ts'

const clock = (iso: string): string => `${iso.slice(11, 19)} UTC`
/** Logs that are named. */
const MOST = 3

/** A time window, `15 min`. */
export const secondsInWords = (seconds: number): string =>
  seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`

/** What was seen of the window that was asked for, as one sentence; undefined where none was. */
export function logsReadSentence({ target, logs }: Report): string | undefined {
  if (target.window === undefined) return undefined
  if (logs === undefined)
    return `${secondsInWords(target.window / 1000)} were asked for, and no access log could be read`
  const { window, since, logs: count, lines, unreadable, partly } = logs
  const named = partly.slice(0, MOST).map(({ of, from }) => `that of ${of.name} from ${clock(from)} on`)
  const more = partly.length - named.length
  return [
    `${secondsInWords(window)} were asked for; requests count since ${clock(since)}`,
    `${lines.toLocaleString('en-US')} lines of ${count} ${count === 1 ? 'log' : 'logs'} were read`,
    ...(unreadable === 0 ? [] : [`${unreadable} of them could not be understood`]),
    ...(named.length === 0 ? [] : [`not the whole time: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`]),
  ].join('; ')
}
