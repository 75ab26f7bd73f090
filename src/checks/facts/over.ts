/** Below this probability a row of answers after the last failure is no chance any more: of a thousand meshes that fail now and then, one may pass. */
const CHANCE = 0.001

/**
 * True when failures are over: at the rate at which requests failed until the last of them, so many answers since would be unlikely. The rate is
 * estimated by Laplace's rule of succession, so that a few failures in a row do not stand for "always".
 *
 * @param failed how many failed
 * @param until how many requests there were up to the last failure, that one included
 * @param since how many were answered after it
 */
export const areOver = (failed: number, until: number, since: number): boolean =>
  since > 0 && failed > 0 && ((until - failed + 1) / (until + 2)) ** since < CHANCE
