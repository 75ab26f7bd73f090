/** Below this probability a row of answers after the last failure is no chance any more. */
const CHANCE = 0.05

/**
 * True when failures are over: at the rate at which requests failed until the last of them, so many answers since would be unlikely.
 *
 * @param failed how many failed
 * @param until how many requests there were up to the last failure, that one included
 * @param since how many were answered after it
 */
export const areOver = (failed: number, until: number, since: number): boolean =>
  since > 0 && failed > 0 && (1 - failed / until) ** since < CHANCE
