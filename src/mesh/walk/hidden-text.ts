import type { Taken } from './taken.ts'
import { every, taken } from './taken.ts'

/** What stands in logs and recordings where a part of a text is not shown. */
export const HIDDEN = '[redacted]'

/** True for a text of which a part is not shown: what it is compared with is not known to be the same, or another. */
export const isHidden = (text: string): boolean => text.includes(HIDDEN)

/** The parts of a text before the first and behind the last part that is not shown. */
function ends(text: string): { head: string; tail: string } {
  const first = text.indexOf(HIDDEN)
  return first === -1
    ? { head: text, tail: text }
    : { head: text.slice(0, first), tail: text.slice(text.lastIndexOf(HIDDEN) + HIDDEN.length) }
}

const startsAlike = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)
const endsAlike = (a: string, b: string): boolean => a.endsWith(b) || b.endsWith(a)

/** Whether two texts, of which parts may not be shown, are the same. */
export function takesExactly(wanted: string, text: string): Taken {
  if (!isHidden(wanted) && !isHidden(text)) return taken(text === wanted)
  const [a, b] = [ends(wanted), ends(text)]
  return startsAlike(a.head, b.head) && endsAlike(a.tail, b.tail) ? 'maybe' : 'no'
}

/** Whether a text, of which parts may not be shown, begins with another. */
export function takesPrefix(prefix: string, text: string): Taken {
  const { head } = ends(text)
  if (!isHidden(prefix) && head.startsWith(prefix)) return 'yes'
  if (!isHidden(prefix) && !isHidden(text)) return 'no'
  return startsAlike(ends(prefix).head, head) ? 'maybe' : 'no'
}

/** Whether a text, of which parts may not be shown, ends with another. */
export function takesSuffix(suffix: string, text: string): Taken {
  const { tail } = ends(text)
  if (!isHidden(suffix) && tail.endsWith(suffix)) return 'yes'
  if (!isHidden(suffix) && !isHidden(text)) return 'no'
  return endsAlike(ends(suffix).tail, tail) ? 'maybe' : 'no'
}

/** Whether a text, of which parts may not be shown, holds another. */
export function takesPart(part: string, text: string): Taken {
  if (isHidden(part)) return 'maybe'
  return text.split(HIDDEN).some((shown) => shown.includes(part)) ? 'yes' : isHidden(text) ? 'maybe' : 'no'
}

/** Texts as different as may stand where nothing is shown: what takes all of them takes what stands there. */
const POSSIBLE = ['0', 'a', 'Z'.repeat(40), '7f'.repeat(32), 'aZ9-_.~%+=:@,;!*'.repeat(2)]

/** Whether a text of which a part is not shown is taken, told by what may stand there: never that it is not. */
export const takesWhatever = (text: string, takes: (text: string) => Taken): Taken =>
  every(POSSIBLE.map((one) => takes(text.replaceAll(HIDDEN, one)))) === 'yes' ? 'yes' : 'maybe'
