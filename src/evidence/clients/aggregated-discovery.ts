import type { Discovered, GroupList, GroupResources } from '../answers.ts'
import type { Resource } from './clients.ts'
import { UnseenError } from './clients.ts'
import { answered } from './answered.ts'

/** One answer with every group, in place of one for each; an API server from before Kubernetes 1.27 answers with the groups' names alone. */
export const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

/** Of an answer with the groups' names alone: those that are asked about, each with the version that the API server prefers. */
export function groupsOf(answer: object, groups: readonly string[]): { group: string; version: string }[] {
  const list = answered('API groups', answer as GroupList).groups
  if (list === undefined)
    throw new UnseenError('unparsable', "the API server's discovery document lists neither kinds nor groups")
  return list.flatMap(({ name: group = '', preferredVersion: { version } = {} }) =>
    groups.includes(group) && version !== undefined ? [{ group, version }] : [],
  )
}

/** The resources of one group and version that can be listed. */
export function listedResources(answer: object, group: string, version: string): Resource[] {
  const { resources = [] } = answered('resources of an API group', answer as GroupResources)
  return resources.flatMap(({ name: plural = '', kind = '', verbs = [] }) =>
    verbs.includes('list') ? [{ group, version, plural, kind }] : [],
  )
}

/** The resources of some groups that can be listed, each in the version that the API server prefers. */
export function servedResources(answer: object, groups: readonly string[]): Resource[] {
  return (answered('aggregated discovery', answer as Discovered).items ?? []).flatMap(
    ({ metadata: { name: group = '' } = {}, versions = [] }) => {
      if (!groups.includes(group)) return []
      const known = new Set<string>()
      return versions.flatMap(({ version = '', resources = [] }) =>
        resources.flatMap(({ resource: plural = '', responseKind: { kind = '' } = {}, verbs = [] }): Resource[] => {
          if (!verbs.includes('list') || known.has(plural)) return []
          known.add(plural)
          return [{ group, version, plural, kind }]
        }),
      )
    },
  )
}
