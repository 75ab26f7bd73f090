import { actsOn } from '../../mesh/authorization.ts'
import type { AuthorizationPolicy } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Case, Lead } from './lead.ts'
import { value } from './lead.ts'

/** Where policies ask for a token's claims, and the proxy before took the token off: the RequestAuthentication that does not pass it on. */
export function notForwarded(policies: readonly AuthorizationPolicy[], { evidence, followed: { way } }: Case): Lead[] {
  const caller = way?.trace.callerPod
  const asks = policies.some(({ spec }) =>
    /"(notR|r)equestPrincipals"|"request\.auth\./.test(JSON.stringify(spec?.rules ?? [])),
  )
  if (caller === undefined || !asks) return []
  return evidence
    .objects('request-authentications')
    .filter(
      (one) =>
        actsOn(one, caller) &&
        (one.spec?.jwtRules ?? []).some(
          (rule) => (rule as { forwardOriginalToken?: boolean }).forwardOriginalToken !== true,
        ),
    )
    .map((one) => ({
      isDeeper: true,
      code: 'MESH0531',
      subject: refOf(one),
      why: `it takes the token off at ${value(caller.metadata.name)}, and a policy behind asks for its claims`,
      remedy: 'Set forwardOriginalToken',
    }))
}
