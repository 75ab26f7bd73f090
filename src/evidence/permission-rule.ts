import type { Permission } from './reading.ts'

/** The line of RBAC that would allow it, as a rule of a Role or ClusterRole. */
export function ruleFor({ verb, group, resource, name }: Permission): string {
  return `{apiGroups: ["${group}"], resources: ["${resource}"]${name === undefined ? '' : `, resourceNames: ["${name}"]`}, verbs: ["${verb}"]}`
}
