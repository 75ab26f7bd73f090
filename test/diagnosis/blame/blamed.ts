import type { Found } from '../../../src/checks/check.ts'
import { blame } from '../../../src/diagnosis/blame/blame.ts'
import type { Followed } from '../../../src/diagnosis/requests/followed.ts'
import { followEvery } from '../../../src/diagnosis/requests/follow-every.ts'
import type { Ref } from '../../../src/mesh/ref.ts'
import type { Case } from '../../checks/cases.ts'
import { evidenceOf } from '../../checks/cases.ts'

/** What following the requests of a recorded mesh, with changes to what was seen of it, comes to. */
export interface Blamed {
  followed: Followed[]
  findings: Found[]
  best: Ref[]
  /** What goes before the word of checks. */
  deeper: Ref[]
}

/** Follows every class of requests that concerns the target of a case, and blames objects for those that fail. */
export async function blamedIn(one: Pick<Case, 'name' | 'from'> & Partial<Case>): Promise<Blamed> {
  const { evidence, target } = await evidenceOf({ sort: 'finds', changes: [], finds: [], ...one })
  const at = evidence.seen('services')[0]?.at ?? ''
  const { followed } = await followEvery(target, evidence, { at })
  const failing = followed.filter(({ outcome }) => outcome === 'fails')
  return { followed, ...blame(failing, target, evidence) }
}
