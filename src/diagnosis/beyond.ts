import { selectorText } from '../mesh/labels.ts'
import { envoyFiltersFor } from '../checks/facts/traffic-of.ts'
import { filterLogs } from '../mesh/access-log-filters.ts'
import { gatewaysFor } from '../checks/facts/proxies-of.ts'
import { podsOf } from '../checks/facts/owners.ts'
import { requestsFail } from '../checks/requests-fail.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { EvidenceKind } from '../evidence/reading.ts'
import type { Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { defined } from '../mesh/defined.ts'
import type { Target } from '../mesh/target.ts'
import { othersNaming } from './others-naming.ts'
import { gatewaySelectors, representatives } from './plan.ts'
import { callersNamed, possibleCallers } from './possible-callers.ts'
import type { Skipped } from './report.ts'
import type { RequestClass } from './requests/classes.ts'
import { isGatewayPod } from '../checks/facts/gateway-pod.ts'
import { mayFail, seenClasses } from './requests/classes.ts'

/** Names that a sentence gives. */
const MOST_NAMES = 5

const named = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`

/** What is left out; it matters unless it is an aside. */
const left = (what: string, detail: string, matters: boolean): Skipped => ({
  check: requestsFail.name,
  what,
  reason: 'beyond',
  detail,
  partly: true,
  ...(!matters && { isAside: true as const }),
})

/**
 * What a diagnosis left out because it is more than is looked at, or of a kind that it does not understand. A part of it matters, so that nothing is called
 * healthy without it: what objects treat in a way of its own, and what is known to lead to the target or to be one of its workloads.
 */
export function beyond(
  target: Target,
  unfollowed: readonly RequestClass[],
  labelsAsked: ReadonlySet<string>,
  evidence: Evidence,
): Skipped[] {
  const wasRead = (kind: EvidenceKind, pod: Ref): boolean =>
    evidence.seenOf(kind, pod) !== undefined ||
    evidence.blind(kind).some(({ of }) => of !== undefined && sameRef(of, pod))
  return [
    ...callersLeft(target, wasRead, evidence),
    ...callerProxiesLeft(target, wasRead, evidence),
    ...gatewaysLeft(target, labelsAsked, evidence),
    ...workloadsLeft(target, wasRead, evidence),
    ...classesLeft(unfollowed),
    ...formatsUnread(target, evidence),
    ...othersUnread(evidence),
    ...othersNaming(target, evidence).map(({ what, detail }) => left(what, detail, true)),
  ]
}

type WasRead = (kind: EvidenceKind, pod: Ref) => boolean

/** Possible callers whose logs were not read: whole namespaces, and workloads of those that were listed. */
function callersLeft(target: Target, wasRead: WasRead, evidence: Evidence): Skipped[] {
  const listed = new Set(evidence.objects('pods').map(({ metadata }) => metadata.namespace))
  const callers = possibleCallers(target, evidence)
  const namespaces = [...new Set(callers.map(({ namespace }) => namespace))].filter((one) => !listed.has(one))
  const pods = callers
    .flatMap(({ name, namespace }) => evidence.object('pods', namespace, name) ?? [])
    .filter((pod) => !isGatewayPod(pod, evidence))
  const read = new Set(pods.filter((pod) => wasRead('access-log', refOf(pod))).map(ownerOf))
  const unread = representatives(pods, Infinity).filter((pod) => !read.has(ownerOf(pod)))
  const singledOut = callersNamed(target, evidence)
  const matter = (one: string | undefined): boolean => one !== undefined && singledOut.has(one)
  return [
    ...(namespaces.length === 0
      ? []
      : [
          left(
            `callers in ${namespaces.length === 1 ? 'a namespace' : `${namespaces.length} namespaces`}`,
            `too many to look at all of them; not read: ${named([...namespaces.filter(matter), ...namespaces.filter((one) => !matter(one))])}`,
            namespaces.some(matter),
          ),
        ]),
    ...(unread.length === 0
      ? []
      : [
          left(
            `logs of ${unread.length === 1 ? 'a possible caller' : `${unread.length} possible callers`}`,
            `too many to look at all of them; not read: ${named(unread.map((pod) => formatRef(refOf(pod))))}`,
            unread.some(({ metadata }) => matter(metadata.namespace)),
          ),
        ]),
  ]
}

const ownerOf = ({ metadata }: Pod): string =>
  `${metadata.namespace ?? ''}/${metadata.ownerReferences?.[0]?.name ?? metadata.name}`

/** Callers whose requests were seen and whose proxies were not read: what came of their requests is known, what would come of the next is not. */
function callerProxiesLeft(target: Target, wasRead: WasRead, evidence: Evidence): Skipped[] {
  const unread = [
    ...new Set(
      seenClasses(target, evidence).classes.flatMap(({ caller }) =>
        caller === undefined || wasRead('listeners', caller.pod) ? [] : [formatRef(caller.pod)],
      ),
    ),
  ]
  return unread.length === 0
    ? []
    : [
        left(
          `configuration of ${unread.length === 1 ? "a caller's proxy" : `${unread.length} callers' proxies`}`,
          `too many to look at all of them; not read: ${named(unread)}`,
          false,
        ),
      ]
}

/** Gateways whose pods were not looked for. */
function gatewaysLeft(target: Target, asked: ReadonlySet<string>, evidence: Evidence): Skipped[] {
  const unasked = gatewaySelectors(target, evidence).filter((labels) => !asked.has(labels))
  const leading = new Set(gatewaysFor(evidence, target).map(({ spec }) => selectorText(spec?.selector)))
  return unasked.length === 0
    ? []
    : [
        left(
          `pods of ${unasked.length === 1 ? "a Gateway's selector" : `${unasked.length} Gateways' selectors`}`,
          `too many to look for all; not looked for: ${named(unasked)}`,
          unasked.some((labels) => leading.has(labels)),
        ),
      ]
}

/** Workloads of the target of which no proxy was read. */
function workloadsLeft(target: Target, wasRead: WasRead, evidence: Evidence): Skipped[] {
  const pods = podsOf(target, evidence)
  const read = new Set(pods.filter((pod) => wasRead('listeners', refOf(pod))).map(ownerOf))
  const unread = representatives(pods, Infinity).filter((pod) => !read.has(ownerOf(pod)))
  return unread.length === 0
    ? []
    : [
        left(
          `proxies of ${unread.length === 1 ? 'a workload' : `${unread.length} workloads`} of the target`,
          `too many to look at all of them; not read: ${named(unread.map((pod) => formatRef(refOf(pod))))}`,
          true,
        ),
      ]
}

function classesLeft(classes: readonly RequestClass[]): Skipped[] {
  return classes.length === 0
    ? []
    : [
        left(
          `${classes.length} ${classes.length === 1 ? 'class' : 'classes'} of requests`,
          `too many to follow all; not followed: ${named(classes.map(({ question: { method, host, path } }) => `${method} ${host}${path}`))}`,
          classes.some(mayFail),
        ),
      ]
}

/** EnvoyFilters by which proxies on the way write logs of a format that does not tell what was answered, and when. */
const formatsUnread = (target: Target, evidence: Evidence): Skipped[] =>
  envoyFiltersFor(target, evidence).flatMap((filter) =>
    filterLogs(filter).some(({ reader }) => reader === undefined)
      ? [
          left(
            `access log format of ${formatRef(refOf(filter))}`,
            'it does not say when requests began and what they were answered, or cannot be taken apart: lines of it are not read',
            false,
          ),
        ]
      : [],
  )

/** Kinds that are not understood, and of which not even the names could be read. */
function othersUnread(evidence: Evidence): Skipped[] {
  const unasked = evidence.blind('other-objects').map(({ reason, detail, permission }): Skipped => ({
    ...left('objects of other controllers', `not looked for: ${detail}`, false),
    reason,
    ...defined({ permission }),
  }))
  const unread = evidence
    .seen('other-objects')
    .flatMap(({ value }) => value)
    .flatMap(({ resource, left: more, unseen }) =>
      unseen !== undefined
        ? [left(resource, `${unseen}: whether one of them names the target is not known`, false)]
        : more > 0
          ? [left(resource, `${more} more than are looked at`, false)]
          : [],
    )
  return [...unasked, ...unread]
}
