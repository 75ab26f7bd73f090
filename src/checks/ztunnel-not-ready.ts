import { dataPlaneOf } from '../mesh/data-plane.ts'
import { refOf } from '../mesh/objects.ts'
import type { Pod } from '../mesh/objects.ts'
import { isReady } from '../mesh/pods.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { concerned, ztunnelOn } from './facts/ambient.ts'
import { podScope } from './facts/owners.ts'
import { podReading } from './facts/readings.ts'

/** The proxy of a node is not ready: connections of all pods that it serves wait or fail. */
export const ztunnelNotReady = defineCheck({
  name: 'ztunnel-not-ready',
  about: 'the ztunnel of every node that has pods concerned is ready',
  needs: ['pods', 'namespaces'],
  confirms: ['access-log', 'ztunnel-log'],
  problems: {
    MESH0903: {
      severity: 'error',
      title: 'ztunnel of a node not ready',
      explains: ['MESH0401', 'MESH0403', 'MESH0404', 'MESH0708'],
      says: '{subject} is not ready: the traffic of {pods} on node {node} goes through it',
      remedy: 'Look at the log and events of {subject}: it must reach istiod and the CNI plugin of its node.',
    },
  },
  run(evidence, target) {
    const captured = concerned(evidence, target).filter((pod) => dataPlaneOf(pod) === 'ztunnel')
    const byNode = Map.groupBy(captured, ({ spec }) => spec?.nodeName ?? '')
    return [...byNode].flatMap(([node, pods]): Found[] => {
      const ztunnel = ztunnelOn(node, evidence)
      if (ztunnel === undefined || isReady(ztunnel)) return []
      return [
        {
          code: 'MESH0903',
          standing: 'live',
          subject: refOf(ztunnel),
          args: { node, pods: pods.map(({ metadata }) => metadata.name) },
          because: [proof(podReading(ztunnel, evidence), `${ztunnel.metadata.name} is not ready${why(ztunnel)}`)],
          scope: [...target.hosts, ...pods.map(podScope)],
        },
      ]
    })
  },
})

function why({ status }: Pod): string {
  const { reason, message } = (status?.conditions ?? []).find(({ type }) => type === 'Ready') ?? {}
  return reason === undefined ? '' : `: ${[reason, message].filter((part) => part !== undefined).join(', ')}`
}
