/** How a time is written: by the specifiers that Envoy's START_TIME takes (put_time of C++, and Envoy's own for fractions). */
export interface TimeFormat {
  /** ISO time of a text; undefined where it is none of this format, or says no day. A time without a zone is UTC. */
  read: (text: string) => string | undefined
  /** Characters of a line from some place on that are a time of this format; 0 for none. */
  lengthIn: (line: string, from: number) => number
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** Specifiers that stand for others. */
const SHORT: Readonly<Record<string, string>> = {
  T: '%H:%M:%S',
  F: '%Y-%m-%d',
  D: '%m/%d/%y',
  R: '%H:%M',
  h: '%b',
  B: '%b',
}
const PARTS: Readonly<Record<string, readonly [part: string, pattern: string]>> = {
  Y: ['year', String.raw`\d{4}`],
  y: ['shortYear', String.raw`\d{2}`],
  m: ['month', String.raw`\d{2}`],
  b: ['monthName', '[A-Za-z]{3,9}'],
  d: ['day', String.raw`\d{2}`],
  e: ['day', String.raw`[ \d]\d`],
  H: ['hour', String.raw`\d{2}`],
  I: ['hour', String.raw`\d{2}`],
  p: ['half', '[AaPp][Mm]'],
  M: ['minute', String.raw`\d{2}`],
  S: ['second', String.raw`\d{2}`],
  s: ['epoch', String.raw`\d{10}`],
  f: ['fraction', String.raw`\d{1,9}`],
  z: ['zone', String.raw`[+-]\d{2}:?\d{2}|Z`],
  Z: ['zoneName', '[A-Za-z]{1,5}'],
  a: ['weekday', '[A-Za-z]{3,9}'],
  A: ['weekday', '[A-Za-z]{3,9}'],
  j: ['dayOfYear', String.raw`\d{3}`],
}
const SPECIFIER = /%(?:\d?(f)|E[\d*]?([Sfz])|E4(Y)|(.))/g
/** Longer than any time. */
const LONGEST = 100

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)

/** A format of times; one with specifiers that are not known reads nothing. */
export function timeFormat(format: string): TimeFormat {
  const pattern = format.length > LONGEST ? undefined : patternOf(format)
  if (pattern === undefined) return { read: () => undefined, lengthIn: () => 0 }
  const [whole, within] = [new RegExp(`^(?:${pattern})$`), new RegExp(pattern, 'y')]
  return {
    read(text) {
      const { groups } = whole.exec(text.slice(0, LONGEST)) ?? {}
      return groups === undefined ? undefined : momentOf(groups)
    },
    lengthIn(line, from) {
      within.lastIndex = from
      return within.exec(line)?.[0].length ?? 0
    },
  }
}

function patternOf(format: string): string | undefined {
  const unknown: string[] = []
  const named = new Set<string>()
  const part = (specifier: string): string => {
    const [name, pattern] = PARTS[specifier] ?? []
    // Nobody writes a part twice, and whoever does may mean a pattern that takes long.
    if (name === undefined || pattern === undefined || named.has(name)) {
      unknown.push(specifier)
      return ''
    }
    named.add(name)
    return `(?<${name}>${pattern})`
  }
  const spelled = format.replaceAll(/%([TFDRhB])/g, (_, short: string) => SHORT[short] ?? '')
  let [pattern, end] = ['', 0]
  for (const match of spelled.matchAll(SPECIFIER)) {
    const [all, fraction, extended, year, plain] = match
    pattern += literal(spelled.slice(end, match.index))
    end = match.index + all.length
    pattern += plain === '%' ? '%' : part(fraction ?? extended ?? year ?? plain ?? '')
    if (extended === 'S') pattern += `(?:\\.${part('f')})?`
  }
  pattern += literal(spelled.slice(end))
  const isDay =
    named.has('epoch') ||
    ((named.has('year') || named.has('shortYear')) &&
      ((named.has('day') && (named.has('month') || named.has('monthName'))) || named.has('dayOfYear')))
  return unknown.length === 0 && isDay ? pattern : undefined
}

function momentOf(parts: Readonly<Record<string, string | undefined>>): string | undefined {
  const number = (part: string): number | undefined => (parts[part] === undefined ? undefined : Number(parts[part]))
  const milliseconds = Math.floor(Number(`0.${parts.fraction ?? '0'}`) * 1000)
  const epoch = number('epoch')
  if (epoch !== undefined) return isoOf(epoch * 1000 + milliseconds)
  const month = number('month') ?? MONTHS.indexOf((parts.monthName ?? '').slice(0, 3).toLowerCase()) + 1
  const dayOfYear = number('dayOfYear')
  const [ofYear, day] = dayOfYear === undefined ? [month, number('day') ?? 0] : [1, dayOfYear]
  const hour = number('hour') ?? 0
  const [minute, second] = [number('minute') ?? 0, number('second') ?? 0]
  if (ofYear < 1 || ofYear > 12 || day < 1 || day > 366 || hour > 23 || minute > 59 || second > 60) return undefined
  const at = Date.UTC(
    number('year') ?? 2000 + (number('shortYear') ?? 0),
    ofYear - 1,
    day,
    hourOfDay(hour, parts.half),
    minute,
    second,
    milliseconds,
  )
  const offset = offsetOf(parts.zone)
  const isUtc = parts.zoneName === undefined || parts.zone !== undefined || /^(?:utc|gmt|z)$/i.test(parts.zoneName)
  return isUtc ? isoOf(at - offset * 60_000) : undefined
}

const hourOfDay = (hour: number, half: string | undefined): number =>
  half === undefined ? hour : (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)

/** Minutes that a zone is ahead of UTC. */
function offsetOf(zone = 'Z'): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

const isoOf = (at: number): string | undefined => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : undefined)
