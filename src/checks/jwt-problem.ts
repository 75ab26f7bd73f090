import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { actsOn } from '../mesh/authorization.ts'
import { nearestHosts, withDomain } from '../mesh/host.ts'
import type { JwtRule, Pod, RequestAuthentication } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { hasProxy } from '../mesh/pods.ts'
import { registryOf } from './facts/registry.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Code, Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { podsOf } from './facts/owners.ts'
import { gatewayPods } from './facts/proxies-of.ts'
import type { Group, Logged, Request } from './facts/requests-to.ts'
import { groupBy, isGrave, isJudgedByOldPolicy, latest, nearest, requestsTo, scopeOf } from './facts/requests-to.ts'
import { lastPolicyChange, quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'
import { readingFor } from './facts/readings.ts'

/** Tokens are refused (401): the keys to check them by could not be had, or the tokens are not what a RequestAuthentication asks for. */
export const jwtProblem = defineCheck({
  name: 'jwt-problem',
  about: 'the keys of every RequestAuthentication can be fetched, and no token is refused',
  needs: ['access-log', 'pods', 'service-entries', ...ROUTING_KINDS],
  confirms: ['istiod-log'],
  problems: {
    MESH0504: {
      severity: 'error',
      title: 'token keys cannot be fetched',
      explains: ['MESH0510', 'MESH0511'],
      says: 'The keys of issuer {issuer} in {subject} cannot be fetched from {uri} ({reason}), so every token of that issuer is refused (401)',
      remedy: 'Make {uri} answer istiod, or correct it in {subject} ({nearest}).',
    },
    MESH0510: {
      severity: 'error',
      title: 'tokens refused',
      explains: ['MESH0401', 'MESH0404'],
      says: '{refused} of {requests} requests to {host} were refused (401) by {subject}: {reason}',
      remedy: 'Make the issuer, audiences and keys in {subject} match those of the tokens (iss, aud and kid).',
    },
    MESH0511: {
      severity: 'warning',
      title: 'some tokens refused',
      says: '{refused} of {requests} requests to {host} were refused (401) by {subject}: {reason}',
      remedy: 'Look at the tokens that the callers send: renewed too late, a clock that is off, or no token at all.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const changed = lastPolicyChange(evidence, target)
    const requests = requestsTo(target, moment, evidence).filter((request) => !isJudgedByOldPolicy(request, changed))
    const refused = requests.filter((request) => reasonOf(nearest(request)) !== undefined)
    const acting = [
      ...new Set(
        [...podsOf(target, evidence), ...gatewayPods(evidence, target)]
          .filter(hasProxy)
          .flatMap((pod) => policiesOf(pod, evidence)),
      ),
    ]
    return [
      ...acting.flatMap((policy) =>
        (policy.spec?.jwtRules ?? []).flatMap((rule) => withoutKeys(policy, rule, refused, evidence, target)),
      ),
      ...groupBy(refused, (request) => reasonOf(nearest(request)) ?? '').flatMap((group) =>
        refusedTokens(group, refused, requests, evidence, target),
      ),
    ]
  },
})

const REFUSED = /^jwt_authn_access_denied\{(.*)\}$/
const reasonOf = ({ entry }: Logged): string | undefined => REFUSED.exec(entry.details ?? '')?.[1]
const policiesOf = (pod: Pod, evidence: Evidence): RequestAuthentication[] =>
  evidence.objects('request-authentications').filter((policy) => actsOn(policy, pod, rootNamespaceOf(evidence)))
const podOf = ({ log }: Logged, evidence: Evidence): Pod | undefined =>
  evidence.objects('pods').find((pod) => log.of !== undefined && sameRef(log.of, refOf(pod)))
const policyProof = (says: string, evidence: Evidence): Proof =>
  proof(readingFor('request-authentications', evidence), says)

/** istiod fetches keys itself; what it cannot get it makes up, as keys that fit no token. */
function withoutKeys(
  policy: RequestAuthentication,
  { issuer = '', jwksUri, jwks }: JwtRule,
  refused: readonly Request[],
  evidence: Evidence,
  target: Target,
): Found[] {
  if (jwks !== undefined) return []
  const moment = latestChange([policy])
  const uri = jwksUri ?? `${issuer}/.well-known/openid-configuration`
  const unknown = unknownHost(uri, evidence)
  const failures = fetchFailures(uri, moment, evidence)
  const last = refused.findLast(
    (request) =>
      /^(?:Jwt_verification_fails|Jwks)/.test(reasonOf(nearest(request)) ?? '') &&
      Date.parse(nearest(request).entry.at) > moment,
  )
  const seen =
    failures.length === 0 || last === undefined
      ? []
      : [
          proof(
            nearest(last).log,
            'a token was refused because it did not match the keys that the proxy has',
            quoteLine(nearest(last).entry),
          ),
        ]
  // istiod says nothing of a fetch that succeeds: what it said a while ago may be over, unless traffic shows that it is not.
  const live = failures.filter(({ recent }) => recent || seen.length > 0)
  if (unknown === undefined && live.length === 0) return []
  return [
    {
      code: 'MESH0504',
      standing: standingOf({ live: live.map((one) => one.proof), observed: seen }),
      subject: refOf(policy),
      args: {
        issuer,
        uri,
        reason:
          unknown === undefined ? (live[0]?.reason ?? '') : `no Service or ServiceEntry has the host ${unknown.host}`,
        nearest: unknown?.nearest ?? 'the address is as it stands there',
      },
      because: [
        policyProof(`${formatRef(refOf(policy))} has the keys of ${issuer} from ${uri}`, evidence),
        ...live.map((one) => one.proof),
        ...seen,
      ],
      scope: target.hosts,
    },
  ]
}

/** A host inside the cluster that nothing registers; of hosts outside nobody here can say. */
function unknownHost(uri: string, evidence: Evidence): { host: string; nearest: string } | undefined {
  const host = URL.canParse(uri) ? new URL(uri).hostname : ''
  const fqdn = withDomain(host, evidence.clusterDomain)
  if (!fqdn.endsWith(`.svc.${evidence.clusterDomain}`)) return undefined
  const registry = registryOf(evidence)
  if (registry.of(fqdn).length > 0) return undefined
  const near = nearestHosts(fqdn, registry.hosts)[0]
  return { host, nearest: near === undefined ? 'no Service has a name like it' : `nearest: ${near}` }
}

/** Milliseconds for which istiod's last word on a failure counts by itself. It tries again after a second, later after a minute and longer. */
const RECENT = 180_000

/** What each istiod said last of its attempts since the policy changed. */
function fetchFailures(
  uri: string,
  moment: number,
  evidence: Evidence,
): { reason: string; recent: boolean; proof: Proof }[] {
  return evidence.seen('istiod-log').flatMap((reading) => {
    const about = reading.value.filter(({ at, message }) => Date.parse(at) > moment && message.includes(uri))
    const attempt = about.findLast(({ message }) => message.startsWith('Failed to GET'))
    const last = about.findLast(({ message }) => message.startsWith('JWKS fetch failed')) ?? attempt
    if (last === undefined) return []
    const reason =
      attempt?.message
        .split('": ')
        .at(-1)
        ?.replace(/\.? Retry in.*$/, '')
        .replace(/^dial tcp: /, '') ?? 'istiod could not fetch them'
    const recent = Date.parse(reading.at) - Date.parse((attempt ?? last).at) < RECENT
    return [
      {
        reason: reason.slice(0, 200),
        recent,
        proof: proof(
          reading,
          `${reading.of?.name ?? 'istiod'} could not fetch the keys, and gave the proxies keys that match no token`,
          last.message.slice(0, 600),
        ),
      },
    ]
  })
}

/** Reasons that lie with whoever sends the token, and not with the mesh. */
const SENDERS = /^Jwt_(?:is_expired|not_yet_valid|is_not_in_the_form|header|payload|is_missing)/
function refusedTokens(
  group: Group,
  refused: readonly Request[],
  requests: readonly Request[],
  evidence: Evidence,
  target: Target,
): Found[] {
  const last = latest(group)
  const end = nearest(last)
  const pod = podOf(end, evidence)
  const policies = pod === undefined ? [] : policiesOf(pod, evidence)
  const [policy] = policies
  if (policy === undefined) return []
  const reason = reasonOf(end) ?? ''
  const code: Code = SENDERS.test(reason) || !isGrave(refused, requests) ? 'MESH0511' : 'MESH0510'
  const issuers = [...new Set(policies.flatMap(({ spec }) => (spec?.jwtRules ?? []).map(({ issuer = '' }) => issuer)))]
  return [
    {
      code,
      standing: 'observed',
      subject: refOf(policy),
      args: {
        refused: group.length,
        requests: requests.length,
        host: target.hosts[0] ?? '',
        reason: reason.replaceAll('_', ' '),
      },
      because: [
        proof(
          end.log,
          `${group.length} requests were refused since the last change, as ${end.log.of?.name ?? 'the proxy'} logged`,
          quoteLine(end.entry),
        ),
        policyProof(`${formatRef(refOf(policy))} accepts tokens of ${issuers.join(', ')}`, evidence),
      ],
      scope: scopeOf(group, target),
    },
  ]
}
