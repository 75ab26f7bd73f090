import type { Seen } from '../evidence/reading.ts'
import { sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { ZtunnelConfig } from '../mesh/ztunnel.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'

/** What the ztunnels of two nodes know of one target is not the same: one of them is behind. */
export const ztunnelsDiffer = defineCheck({
  name: 'ztunnels-differ',
  about: 'the ztunnels of all nodes concerned agree about the target',
  needs: ['ztunnel-config'],
  problems: {
    MESH0205: {
      severity: 'warning',
      title: 'ztunnels of two nodes differ',
      says: '{subject} and {other} disagree about the target: {differences}',
      remedy:
        'Look at the connection of both to istiod; restarting the ztunnel that is behind makes it load everything again.',
    },
  },
  run(evidence, target) {
    const [first, ...others] = evidence.seen('ztunnel-config')
    if (first?.of === undefined) return []
    return others.flatMap((other): Found[] => {
      if (first.of === undefined || other.of === undefined || sameRef(first.of, other.of)) return []
      const known = knownOf(first, target)
      const differing = [...knownOf(other, target)].filter(([about, said]) => known.get(about) !== said)
      const absent = [...known.keys()].filter((about) => !knownOf(other, target).has(about))
      const differences = [...new Set([...differing.map(([about]) => about), ...absent])].sort()
      if (differences.length === 0) return []
      const says = (reading: Seen<'ztunnel-config'>): string =>
        differences.map((about) => `${about}: ${knownOf(reading, target).get(about) ?? 'unknown'}`).join('; ')
      return [
        {
          code: 'MESH0205',
          standing: 'live',
          subject: other.of,
          args: { other: first.of.name, differences },
          because: [
            proof(other, `${other.of.name} has ${says(other)}`),
            proof(first, `${first.of.name} has ${says(first)}`),
          ],
          scope: [...target.hosts],
        },
      ]
    })
  },
})

/** What one of them knows of the target's pods and Services and of the policies of its namespace, each as text. */
function knownOf({ value }: { value: ZtunnelConfig }, target: Target): Map<string, string> {
  const isPod = (name: string, namespace: string): boolean =>
    target.pods.some((pod) => pod.name === name && pod.namespace === namespace)
  const isService = (name: string, namespace: string): boolean =>
    target.services.some((service) => service.name === name && service.namespace === namespace)
  return new Map([
    ...value.workloads
      .filter(({ name, namespace }) => isPod(name, namespace))
      .map(({ name, protocol, status, waypoint }): [string, string] => [
        `Pod ${name}`,
        [protocol, status, waypoint ?? 'no waypoint'].join(', '),
      ]),
    ...value.services
      .filter(({ name, namespace }) => isService(name, namespace))
      .map(({ name, waypoint, workloads }): [string, string] => [
        `Service ${name}`,
        [`${workloads.length} endpoints`, waypoint ?? 'no waypoint'].join(', '),
      ]),
    ...value.policies
      .filter(({ namespace }) => namespace === target.namespace)
      .map(({ name, action, rules }): [string, string] => [`policy ${name}`, `${action}, ${rules.length} rules`]),
  ])
}
