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

/**
 * True when failures that lie within a part of a row lie closer together than chance puts them there: they are one trouble, and not now and then one.
 *
 * @param failed how many failed
 * @param span how many requests there are from the first failure to the last, these included
 * @param all how many requests the row has
 */
export function areTogether(failed: number, span: number, all: number): boolean {
  let chance = all - span + 1
  for (let one = 0; one < failed; one += 1) chance *= (span - one) / (all - one)
  return failed > 0 && chance < CHANCE
}
