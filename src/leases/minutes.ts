import { LeaseRefusedError } from './lease-refused.ts'

const UNITS: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, h: 60 }

/**
 * Minutes out of what a person typed: `10m`, `90s`, `1h`, `10` (minutes).
 * @throws LeaseRefusedError when it is not a time
 */
export function parseMinutes(text: string): number {
  const [, number = '', unit = 'm'] =
    /^(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|h)?(?:ec(?:ond)?|in(?:ute)?|our)?s?$/i.exec(text.trim()) ?? []
  const minutes = Number(number) * (UNITS[unit.toLowerCase()] ?? NaN)
  if (number === '' || !(minutes > 0))
    throw new LeaseRefusedError(`${JSON.stringify(text.slice(0, 40))} is not a time.`, [
      'Minutes or seconds: 10m, 90s.',
    ])
  return minutes
}

/** `10 minutes`, `90 seconds` */
export function minutesText(minutes: number): string {
  const count = (value: number, unit: string): string =>
    `${Math.round(value * 10) / 10} ${unit}${value === 1 ? '' : 's'}`
  return minutes < 1 || !Number.isInteger(minutes)
    ? count(Math.round(minutes * 60), 'second')
    : count(minutes, 'minute')
}

/** How long something is lent when nobody says, in minutes; a limit may be shorter. */
export const usualMinutes = (most: number): number => Math.min(10, most)
