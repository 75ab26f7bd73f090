import type { AuthorizationPolicy, AuthorizationRule, KubernetesObject, Pod, RequestAuthentication } from './objects.ts'
import { selects } from './objects.ts'
import { literally } from './walk/regex.ts'
import { takesRegex, takesString } from './walk/string-match.ts'
import { some, taken, type Taken } from './walk/taken.ts'

/** What is known of a request that a policy judges; what is absent is not known. */
export interface RequestFacts {
  method?: string
  path?: string
  host?: string
  /** The pod's own port. */
  port?: number
  /** `cluster.local/ns/shop/sa/orders`; null for a caller in plain text, which has no identity. */
  principal?: string | null
}

/** A condition of a rule that a request does not meet; not `sure` when it turns on something that is not known of the request, such as its token. */
export interface Miss {
  says: string
  sure: boolean
}

/** True when the selector of a policy matches a pod, in the pod's namespace or, for the whole mesh, in the root namespace. */
export function selectsPod(
  { metadata: { namespace }, spec }: KubernetesObject<{ selector?: unknown }>,
  pod: Pod,
  root: string,
): boolean {
  const labels = (spec?.selector as { matchLabels?: Record<string, string> } | undefined)?.matchLabels
  return (
    (namespace === pod.metadata.namespace || namespace === root) &&
    (labels === undefined || Object.keys(labels).length === 0 || selects(labels, pod.metadata.labels))
  )
}

/** True when a policy acts on a pod by its selector: policies on trial, and those for waypoints and Gateways by name, are left out. */
export function actsOn(policy: AuthorizationPolicy | RequestAuthentication, pod: Pod, root: string): boolean {
  const {
    metadata: { annotations },
    spec,
  } = policy
  return (
    annotations?.['istio.io/dry-run'] !== 'true' &&
    spec?.targetRef === undefined &&
    (spec?.targetRefs ?? []).length === 0 &&
    selectsPod(policy, pod, root)
  )
}

/** `abc` exactly, `abc*` and `*abc` by beginning and end, `*` anything that is there. */
function takes(pattern: string, value: string): Taken {
  if (pattern === '*') return taken(value !== '')
  if (pattern.startsWith('*')) return takesString({ suffix: pattern.slice(1) }, value)
  return takesString(pattern.endsWith('*') ? { prefix: pattern.slice(0, -1) } : { exact: pattern }, value)
}

/** A path's template: `{*}` is one segment, `{**}` any number. */
function takesPath(pattern: string, path: string): Taken {
  if (!pattern.includes('{*')) return takes(pattern, path)
  const expression = pattern
    .split(/(\{\*\*\}|\{\*\})/)
    .map((part) => (part === '{**}' ? '.*' : part === '{*}' ? '[^/]+' : literally(part)))
    .join('')
  return takesRegex(expression, path)
}

const short = (values: readonly string[]): string =>
  values.length > 4 ? `${values.slice(0, 4).join(', ')} and ${values.length - 4} more` : values.join(', ')

/** One list of a rule against one value: it must be in the first and not in the second. */
function missing(
  what: string,
  list: readonly string[] = [],
  not: readonly string[] = [],
  value: string | undefined,
  match: (pattern: string, value: string) => Taken = takes,
): Miss[] {
  const wanted = list.length === 0 ? [] : [short(list)]
  const unwanted = not.length === 0 ? [] : [`none of ${short(not)}`]
  const miss = (texts: readonly string[], why: string, sure: boolean): Miss[] =>
    texts.length === 0 ? [] : [{ says: `${what} must be ${texts.join(' and ')}, ${why}`, sure }]
  if (value === undefined) return miss([...wanted, ...unwanted], 'which is not known of the request', false)
  const why = value === '' ? 'and there is none' : `and it is ${value}`
  const among = (patterns: readonly string[]): Taken => some(patterns.map((pattern) => match(pattern, value)))
  const [isWanted, isUnwanted] = [among(list), among(not)]
  return [
    ...(isWanted === 'yes' ? [] : miss(wanted, why, isWanted === 'no')),
    ...(isUnwanted === 'no' ? [] : miss(unwanted, why, isUnwanted === 'yes')),
  ]
}

const namespaceOf = (principal: string): string => /\/ns\/([^/]+)\//.exec(principal)?.[1] ?? ''
const accountOf = (principal: string): string => {
  const [, namespace = '', name = ''] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal) ?? []
  return `${namespace}/${name}`
}

type Source = NonNullable<NonNullable<AuthorizationRule['from']>[number]['source']>
type Operation = NonNullable<NonNullable<AuthorizationRule['to']>[number]['operation']>

function sourceMisses(source: Source, { principal }: RequestFacts): Miss[] {
  const known = principal === undefined ? undefined : (principal ?? '')
  const derived = (from: (principal: string) => string): string | undefined =>
    known === undefined || known === '' ? known : from(known)
  return [
    ...missing('the principal', source.principals, source.notPrincipals, known),
    ...missing('the namespace', source.namespaces, source.notNamespaces, derived(namespaceOf)),
    ...missing('the service account', source.serviceAccounts, source.notServiceAccounts, derived(accountOf)),
    ...missing("the token's principal", source.requestPrincipals, source.notRequestPrincipals, undefined),
    ...missing(
      'the address',
      [...(source.ipBlocks ?? []), ...(source.remoteIpBlocks ?? [])],
      [...(source.notIpBlocks ?? []), ...(source.notRemoteIpBlocks ?? [])],
      undefined,
    ),
  ]
}

function operationMisses(operation: Operation, { method, path, host, port }: RequestFacts): Miss[] {
  return [
    ...missing('the method', operation.methods, operation.notMethods, method),
    ...missing('the path', operation.paths, operation.notPaths, path?.replace(/[?#].*$/, ''), takesPath),
    ...missing('the host', operation.hosts, operation.notHosts, host, (pattern, value) =>
      some([
        takes(pattern.toLowerCase(), value.toLowerCase()),
        takes(pattern.toLowerCase(), value.toLowerCase().replace(/:\d+$/, '')),
      ]),
    ),
    ...missing('the port', operation.ports, operation.notPorts, port === undefined ? undefined : String(port)),
  ]
}

const weight = (misses: readonly Miss[]): number => misses.reduce((sum, { sure }) => sum + (sure ? 100 : 1), 0)
const nearest = <T>(list: readonly T[] | undefined, judge: (one: T) => Miss[]): Miss[] =>
  (list ?? []).map(judge).toSorted((a, b) => weight(a) - weight(b))[0] ?? []

/** The conditions of a rule that a request does not meet, of the alternatives it gives the nearest; none when the rule takes the request. */
export function missesOf(rule: AuthorizationRule, facts: RequestFacts): Miss[] {
  return [
    ...nearest(rule.from, ({ source = {} }) => sourceMisses(source, facts)),
    ...nearest(rule.to, ({ operation = {} }) => operationMisses(operation, facts)),
    ...(rule.when ?? []).flatMap(({ key, values, notValues }) => missing(key, values, notValues, undefined)),
  ]
}

/** A rule and how far it is from a request. */
export interface NearRule {
  policy: AuthorizationPolicy
  /** Position in the policy, from 0. */
  rule: number
  misses: Miss[]
}

/** Of the rules of some policies the one that a request fails by least; undefined when they have none. */
export function nearestRule(policies: readonly AuthorizationPolicy[], facts: RequestFacts): NearRule | undefined {
  return policies
    .flatMap((policy) =>
      (policy.spec?.rules ?? []).map((rule, index): NearRule => ({
        policy,
        rule: index,
        misses: missesOf(rule, facts),
      })),
    )
    .toSorted((a, b) => weight(a.misses) - weight(b.misses))[0]
}
