import { isRewritten } from '../../checks/facts/path-at-target.ts'
import { nearest, type Request } from '../../checks/facts/requests-to.ts'
import { portOf } from '../../mesh/address.ts'
import type { RequestFacts } from '../../mesh/authorization.ts'
import { defined } from '../../mesh/defined.ts'
import { hasProxy } from '../../mesh/pods.ts'
import { identityOf } from '../follow/callee.ts'
import type { Case } from './lead.ts'

/** What is known of a request where a policy judges it; a path only where no route rewrites it on the way. */
export function factsOf(request: Request, { followed: { way }, target, evidence }: Case): RequestFacts {
  const { method, path, authority, downstreamLocal } = nearest(request).entry
  const caller = way?.trace.callerPod
  const principal =
    caller !== undefined && hasProxy(caller) ? identityOf(caller, evidence).replace(/^spiffe:\/\//, '') : undefined
  const isKnown = path !== undefined && !isRewritten(evidence, target)(path)
  return defined({
    method,
    path: isKnown ? path : undefined,
    host: authority,
    port: portOf(downstreamLocal),
    principal,
  })
}
