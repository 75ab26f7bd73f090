import { dataPlaneOf } from '../mesh/data-plane.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { concerned, ztunnelOn } from './facts/ambient.ts'
import { podScope } from './facts/owners.ts'

/** A node's ztunnel has no certificate for a pod that it serves: no tunnel to it or from it can be made. */
export const ztunnelCertificateMissing = defineCheck({
  name: 'ztunnel-certificate-missing',
  about: 'ztunnel has a valid certificate for every pod concerned that it serves',
  needs: ['pods', 'namespaces'],
  confirms: ['access-log', 'ztunnel-log', 'ztunnel-config'],
  problems: {
    MESH0517: {
      severity: 'error',
      title: 'ztunnel without certificate',
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
      says: '{subject} has no valid certificate for {identity}, the identity of {pods}: {reason}',
      remedy: 'Look at the log of {subject} and of istiod, which signs it, for {identity}.',
    },
  },
  run(evidence, target) {
    const captured = concerned(evidence, target).filter((pod) => dataPlaneOf(pod) === 'ztunnel')
    const served = captured.flatMap((pod) => {
      const ztunnel = ztunnelOn(pod.spec?.nodeName, evidence)
      if (ztunnel === undefined) return []
      const account = `/ns/${pod.metadata.namespace ?? ''}/sa/${pod.spec?.serviceAccountName ?? 'default'}`
      return [{ pod, ztunnel: refOf(ztunnel), account }]
    })
    const groups = Map.groupBy(served, ({ ztunnel, account }) => `${formatRef(ztunnel)} ${account}`)
    return [...groups.values()].flatMap(([first, ...others]): Found[] => {
      const reading = first === undefined ? undefined : evidence.seenOf('ztunnel-config', first.ztunnel)
      const certificate = reading?.value.certificates.find(
        ({ identity }) => first !== undefined && identity.endsWith(first.account),
      )
      if (first === undefined || reading === undefined || certificate === undefined) return []
      const { state, reason, expires, identity } = certificate
      const isOver = expires !== undefined && Date.parse(expires) < Date.parse(reading.at)
      if (state === 'Available' && !isOver) return []
      const pods = [first, ...others].map(({ pod }) => pod)
      return [
        {
          code: 'MESH0517',
          standing: 'live',
          subject: first.ztunnel,
          args: {
            identity,
            pods: pods.map(({ metadata }) => metadata.name),
            reason: isOver ? `it expired at ${expires}` : `${state}${reason === undefined ? '' : `, ${reason}`}`,
          },
          because: [proof(reading, `the certificate of ${identity} is ${isOver ? `valid until ${expires}` : state}`)],
          scope: [...target.hosts, ...pods.map(podScope)],
        },
      ]
    })
  },
})
