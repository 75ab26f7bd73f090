/** One value of a series. */
export interface Point {
  /** Milliseconds since the epoch. */
  at: number
  value: number
}

/** When a share rose to what it is now. */
export interface ChangePoint {
  /** ISO time of the first point of the new level. */
  at: string
  /** The mean before, and since. */
  before: number
  after: number
}

/** From this share on it is worth a time. */
const LEAST = 0.01
/** Points that the level before must have. */
const FEWEST_BEFORE = 2

/**
 * The point from which on a share never fell below half of its present level again (the mean of the last three points); undefined where it is below one in
 * a hundred now, or was always so. Points without a number, of minutes without requests, are left out.
 *
 * @param over milliseconds before each point that its share is of: it rises to half once half of them are of the new level
 */
export function changePoint(points: readonly Point[], over = 0): ChangePoint | undefined {
  const known = points.filter(({ value }) => Number.isFinite(value))
  const now = mean(known.slice(-3))
  if (now < LEAST) return undefined
  let first = known.length
  while (first > 0 && (known[first - 1]?.value ?? 0) >= now / 2) first -= 1
  const begin = known[first]
  if (first < FEWEST_BEFORE || begin === undefined) return undefined
  return {
    at: new Date(begin.at - over / 2).toISOString(),
    before: mean(known.slice(0, first)),
    after: mean(known.slice(first)),
  }
}

const mean = (points: readonly Point[]): number =>
  points.length === 0 ? 0 : points.reduce((sum, { value }) => sum + value, 0) / points.length
