import { milliseconds } from '../../mesh/duration.ts'
import { UserError } from '../../mesh/user-error.ts'
import { LEAST_WINDOW, MOST_WINDOW } from './telemetry.ts'

/** Seconds of a window as it is typed, `5m`. @throws UserError for what is none, or is too short or too long */
export function windowAsked(text: string, command: string): number {
  const seconds = (milliseconds(text) ?? NaN) / 1000
  if (seconds >= LEAST_WINDOW && seconds <= MOST_WINDOW) return Math.round(seconds)
  throw new UserError({
    why: `${JSON.stringify(text.slice(0, 40))} is not a time window between ${LEAST_WINDOW}s and ${MOST_WINDOW / 3600}h.`,
    commands: [`${command} catalog --window 5m`],
  })
}
