import { userInfo } from 'node:os'
import type { LeaseRequest } from '../leases/raise.ts'
import { defined } from '../mesh/defined.ts'
import { targetKey, type Target } from '../mesh/target.ts'

/** Of a lease that is asked for in a terminal: by whom, for which target and how it was typed; it is its own run. */
export const askedInTerminal = (
  id: string,
  target: Target,
  { text, namespace }: { text: string; namespace?: string | undefined },
): Pick<LeaseRequest, 'id' | 'run' | 'by' | 'target' | 'asked'> => ({
  id,
  run: id,
  by: { user: userInfo().username },
  target: targetKey(target),
  asked: { text, ...defined({ namespace }) },
})
