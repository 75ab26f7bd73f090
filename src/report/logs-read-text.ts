import type { Report } from '../diagnosis/report.ts'

const clock = (iso: string): string => `${iso.slice(11, 19)} UTC`
/** Logs that are named. */
const MOST = 3

/** A time window, `15 min`. */
export const secondsInWords = (seconds: number): string =>
  seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`

/** What was seen of the window, as one sentence; undefined where none was asked for and the logs show all of it. */
export function logsReadSentence({ target, logs }: Report): string | undefined {
  if (logs === undefined)
    return target.window === undefined
      ? undefined
      : `${secondsInWords(target.window / 1000)} were asked for, and no access log could be read`
  const {
    window,
    since,
    logs: count,
    lines,
    unreadable,
    tooLong = 0,
    notUtf8 = 0,
    example,
    isFormatUnread = false,
    unreadProviders = [],
    partly,
  } = logs
  if (
    target.window === undefined &&
    partly.length === 0 &&
    unreadable === 0 &&
    notUtf8 === 0 &&
    !isFormatUnread &&
    unreadProviders.length === 0
  )
    return undefined
  const named = partly.slice(0, MOST).map(({ of, from }) => `that of ${of.name} from ${clock(from)} on`)
  const more = partly.length - named.length
  return [
    target.window === undefined
      ? `requests count since ${clock(since)}`
      : `${secondsInWords(window)} were asked for; requests count since ${clock(since)}`,
    `${lines.toLocaleString('en-US')} lines of ${count} ${count === 1 ? 'log' : 'logs'} were read`,
    ...(isFormatUnread
      ? [
          'lines in the format of the mesh configuration are not among them: accessLogFormat does not say when and what was answered, or cannot be taken apart',
        ]
      : []),
    ...unreadProviders
      .slice(0, MOST)
      .map(
        (name) =>
          `lines in the format of the provider ${name} are not among them: it does not say when and what was answered, or cannot be taken apart`,
      ),
    ...(unreadable === 0
      ? []
      : [`${unreadable} of them could not be understood${tooLong === 0 ? '' : ` (${tooLong} of more than 64 KB)`}`]),
    ...(example === undefined ? [] : [`the first, of ${example.of.name}: ${example.line}`]),
    ...(notUtf8 === 0 ? [] : [`${notUtf8} ${notUtf8 === 1 ? 'is' : 'are'} not UTF-8`]),
    ...(named.length === 0 ? [] : [`not the whole time: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`]),
  ].join('; ')
}
