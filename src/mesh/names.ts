import { distance } from 'fastest-levenshtein'

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const DNS_NAME = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** True for a DNS label (RFC 1123), the form of namespaces and Services: at most 63 of a-z, 0-9 and inner hyphens. */
export const isDnsLabel = (text: string): boolean => DNS_LABEL.test(text)

/** True for a DNS name of at most 253 characters, the form of pods, workloads and hosts. */
export const isDnsName = (text: string): boolean => text.length <= 253 && DNS_NAME.test(text)

/** The names nearest to what was typed, by edit distance, best first; names that share nothing are left out. */
export function nearestNames(typed: string, names: Iterable<string>, most = 3): string[] {
  const wanted = typed.toLowerCase()
  return [...new Set(names)]
    .map((name) => ({
      name,
      far: name === wanted ? 0 : name.startsWith(wanted) || wanted.startsWith(name) ? 1 : distance(wanted, name),
    }))
    .filter(({ name, far }) => far <= Math.max(2, Math.floor(Math.max(wanted.length, name.length) / 3)))
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name, 'en'))
    .slice(0, most)
    .map(({ name }) => name)
}
