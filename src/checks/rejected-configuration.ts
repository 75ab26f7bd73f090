import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { EnvoyFilter, Pod } from '../mesh/objects.ts'
import { changedAt, refOf, selects } from '../mesh/objects.ts'
import type { ProxySync } from '../mesh/proxy-status.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { selectsPod } from '../mesh/authorization.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { value } from './facts/clause.ts'
import { once } from './facts/fact.ts'
import { podScope } from './facts/owners.ts'
import { proxiesOf } from './facts/proxies-of.ts'
import { table } from '../mesh/table.ts'

/** A proxy refused what istiod sent (NACK): it keeps what it had, and a new pod never gets as far as ready. */
export const rejectedConfiguration = defineCheck({
  name: 'rejected-configuration',
  about: 'every proxy accepted the configuration that istiod sent it',
  needs: ['proxy-status', 'pods'],
  confirms: ['envoy-filters', 'request-authentications', 'virtual-services', 'gateways'],
  problems: {
    MESH0201: {
      severity: 'error',
      title: 'configuration rejected by Envoy',
      says: '{clause} ({types}, {proxies}): the proxies keep what they had, and new pods do not start',
      remedy: '{correction}.',
      explains: ['MESH0301', 'MESH0302', 'MESH0305', 'MESH0306', 'MESH0401', 'MESH0403', 'MESH0404'],
    },
  },
  run(evidence, target) {
    const rejected = proxiesOf(evidence, target).flatMap(({ pod, sync, status: reading }) =>
      (sync?.types ?? [])
        .filter(({ error, status }) => status === 'ERROR' || error !== undefined)
        .map((type) => ({ pod, type, reading })),
    )
    const groups: { subject: Ref; hits: typeof rejected }[] = []
    for (const hit of rejected) {
      const subject = issuer(hit.pod, hit.type, evidence) ?? culprit(hit.pod, hit.type, evidence) ?? refOf(hit.pod)
      const group = groups.find((one) => sameRef(one.subject, subject))
      if (group === undefined) groups.push({ subject, hits: [hit] })
      else group.hits.push(hit)
    }
    return groups.flatMap(({ subject, hits }): Found[] => {
      const reading = hits[0]?.reading
      if (reading === undefined) return []
      const error = (hits[0]?.type.error ?? 'no text was given').replace(DEBUG_MARK, '').replace(/\s+/g, ' ').trim()
      return [
        {
          code: 'MESH0201',
          standing: 'live',
          subject,
          args: {
            clause:
              subject.kind === 'Pod'
                ? `Envoy rejects configuration that istiod sends to ${value(formatRef(subject))}`
                : `${value(formatRef(subject))} produces configuration that Envoy rejects`,
            correction: `Correct what Envoy names (${value(error.slice(0, 400))})${subject.kind === 'Pod' ? '' : `, or remove ${value(formatRef(subject))}`}`,
            types: [...new Set(hits.map(({ type }) => type.type))],
            proxies: [...new Set(hits.map(({ pod }) => pod.metadata.name))],
            error: error.slice(0, 400),
          },
          because: [
            proof(
              reading,
              `${hits.length} of the target's proxies answered what istiod sent with an error`,
              error.slice(0, 1200),
            ),
          ],
          scope: [...target.hosts, ...hits.map(({ pod }) => podScope(pod))],
        },
      ]
    })
  },
})

/** Protobuf's mark on texts that are for people alone; it differs from text to text on purpose. */
const DEBUG_MARK = /goo\.gle\/debug\w+\s*/g

/** Which part of the configuration each kind of patch changes. */
const PATCHES: Readonly<Record<string, readonly string[]>> = table({
  LDS: ['LISTENER', 'LISTENER_FILTER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER'],
  RDS: ['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE'],
  CDS: ['CLUSTER'],
  ECDS: ['EXTENSION_CONFIG'],
})

/** The EnvoyFilter that made it: the one whose patch the error's words name or, failing that, the one that was changed right before. */
function culprit(pod: Pod, type: ProxySync['types'][number], evidence: Evidence): Ref | undefined {
  const candidates = evidence
    .objects('envoy-filters')
    .filter(
      (filter) =>
        appliesTo(filter, pod, evidence) &&
        (filter.spec?.configPatches ?? []).some(({ applyTo }) => PATCHES[type.type]?.includes(applyTo ?? '') === true),
    )
  const text = type.error ?? ''
  const named = candidates.filter((filter) => wordsOf(filter).some((word) => text.includes(word)))
  if (named.length > 0) return named.length === 1 && named[0] !== undefined ? refOf(named[0]) : undefined
  const moment = Date.parse(type.lastUpdated ?? '')
  const fresh = candidates.filter((filter) => Math.abs(moment - (changedAt(filter) ?? 0)) < 10_000)
  return fresh.length === 1 && fresh[0] !== undefined ? refOf(fresh[0]) : undefined
}

/** The RequestAuthentication whose keys Envoy cannot read: the only one that acts on the pod or, of several, the one that was changed right before. */
function issuer(
  pod: Pod,
  { error = '', lastUpdated = '' }: ProxySync['types'][number],
  evidence: Evidence,
): Ref | undefined {
  if (!error.includes('jwt_authn')) return undefined
  const acting = evidence
    .objects('request-authentications')
    .filter((one) => selectsPod(one, pod, rootNamespaceOf(evidence)))
  const fresh = acting.filter((one) => Math.abs(Date.parse(lastUpdated) - (changedAt(one) ?? 0)) < 10_000)
  const [only, ...others] = acting.length === 1 ? acting : fresh
  return only === undefined || others.length > 0 ? undefined : refOf(only)
}

/** The root namespace's EnvoyFilters act on every namespace. */
function appliesTo(filter: EnvoyFilter, pod: Pod, evidence: Evidence): boolean {
  const near =
    filter.metadata.namespace === pod.metadata.namespace || filter.metadata.namespace === rootNamespaceOf(evidence)
  const labels = filter.spec?.workloadSelector?.labels
  return near && (labels === undefined || selects(labels, pod.metadata.labels))
}

/** The name of the filter, listener or cluster that a patch puts in; names of one short word say nothing. */
function nameOf(patch: unknown): string[] {
  const name = (patch as { value?: { name?: unknown } } | undefined)?.value?.name
  return typeof name === 'string' && /[.|_-]/.test(name) ? [name] : []
}

/** What an error may say of an EnvoyFilter's patches: asked for each pod. */
const wordsOf = once(({ spec }: EnvoyFilter): readonly string[] =>
  (spec?.configPatches ?? []).flatMap(({ patch }) => [...words(patch), ...nameOf(patch)]),
)

/** Message types (`LocalRateLimit`) of a patch: Envoy's errors name the message that failed its constraints. */
function words(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key !== '@type' || typeof inner !== 'string') return words(inner)
    const message = inner.slice(inner.lastIndexOf('.') + 1)
    return message === 'HttpConnectionManager' ? [] : [`${message}Validation`, inner]
  })
}
