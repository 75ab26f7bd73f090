import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { actsOn } from '../../mesh/authorization.ts'
import type { AuthorizationPolicy, Pod, RequestAuthentication } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Case, Lead } from './lead.ts'
import { value } from './lead.ts'

/** True for a policy whose rules look at the claims of a token. */
const asksForToken = ({ spec }: AuthorizationPolicy): boolean =>
  /"(notR|r)equestPrincipals"|"request\.auth\./.test(JSON.stringify(spec?.rules ?? []))

/** Where policies ask for a token's claims, and the proxy before took the token off: the RequestAuthentication that does not pass it on. */
export function notForwarded(policies: readonly AuthorizationPolicy[], { evidence, followed: { way } }: Case): Lead[] {
  const caller = way?.trace.callerPod
  if (caller === undefined || !policies.some(asksForToken)) return []
  return evidence
    .objects('request-authentications')
    .filter(
      (one) =>
        actsOn(one, caller, rootNamespaceOf(evidence)) &&
        (one.spec?.jwtRules ?? []).some(
          (rule) => (rule as { forwardOriginalToken?: boolean }).forwardOriginalToken !== true,
        ),
    )
    .map((one) => ({
      isDeeper: true,
      code: 'MESH0531',
      subject: refOf(one),
      why: `it removes the token at ${value(caller.metadata.name)}, and a policy behind asks for its claims`,
      remedy: 'Set forwardOriginalToken',
    }))
}

const readsTokens = ({ spec }: RequestAuthentication): boolean => (spec?.jwtRules ?? []).length > 0

/**
 * Where policies ask for a token's claims, and nobody reads tokens at the pod: the RequestAuthentications that act on it and have no rules, else those beside
 * it, whose selectors do not take it.
 */
export function tokensUnread(
  policies: readonly AuthorizationPolicy[],
  pod: Pod | undefined,
  { evidence }: Case,
): Lead[] {
  const all = evidence.objects('request-authentications')
  const acting = pod === undefined ? [] : all.filter((one) => actsOn(one, pod, rootNamespaceOf(evidence)))
  if (pod === undefined || !policies.some(asksForToken) || acting.some(readsTokens)) return []
  const lead = (one: RequestAuthentication, why: string, remedy: string): Lead => ({
    isDeeper: true,
    code: 'MESH0531',
    subject: refOf(one),
    why: `${why}: nothing validates the tokens whose claims a policy there requires`,
    remedy,
  })
  const name = value(pod.metadata.name)
  return acting.length > 0
    ? acting.map((one) =>
        lead(one, `it has no rules for the tokens that come to ${name}`, 'Give it a rule for their issuer'),
      )
    : all
        .filter(({ metadata }) => metadata.namespace === pod.metadata.namespace)
        .map((one) =>
          lead(
            one,
            `it has no effect at ${name}, which its selector does not match`,
            `Make its selector match the labels of ${name}`,
          ),
        )
}
