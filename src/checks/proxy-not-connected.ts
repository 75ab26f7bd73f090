import { proxyStatus } from '../mesh/pods.ts'
import type { Pod } from '../mesh/objects.ts'
import { wasAskedFor } from './facts/asked-revisions.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { byOwner, podScope } from './facts/owners.ts'
import { proxiesOf } from './facts/proxies-of.ts'

/** Milliseconds a proxy has to connect after its container started. */
const GRACE = 20_000

/** A proxy runs that no istiod knows: it gets no configuration, no endpoints and no certificates. */
export const proxyNotConnected = defineCheck({
  name: 'proxy-not-connected',
  about: 'istiod knows every running proxy of the target and its gateways',
  needs: ['proxy-status', 'pods'],
  confirms: ['replica-sets', 'virtual-services', 'gateways'],
  problems: {
    MESH0203: {
      severity: 'error',
      title: 'proxy not connected to istiod',
      says: 'No istiod knows the proxies of {subject} ({pods}): they get no configuration and no certificates',
      remedy:
        "Read the istio-proxy container's log of {pods} for why it cannot reach istiod: discovery address, network policy, revision or certificates.",
      explains: ['MESH0301', 'MESH0302', 'MESH0305', 'MESH0306', 'MESH0401', 'MESH0403', 'MESH0404'],
    },
  },
  run(evidence, target) {
    const readings = evidence.seen('proxy-status')
    const [reading] = readings
    if (reading === undefined) return []
    const due = (pod: Pod): boolean =>
      Date.parse(reading.at) - Date.parse(proxyStatus(pod)?.state?.running?.startedAt ?? '') > GRACE
    const absent = proxiesOf(evidence, target)
      .filter(({ pod, sync }) => sync === undefined && due(pod) && wasAskedFor(pod, evidence))
      .map(({ pod }) => pod)
    return byOwner(absent, evidence).map(({ owner, pods }): Found => ({
      code: 'MESH0203',
      standing: 'live',
      subject: owner,
      args: { pods: pods.map(({ metadata }) => metadata.name) },
      because: [
        proof(
          reading,
          `${readings.reduce((sum, { value }) => sum + value.length, 0)} proxies are connected; ${pods.map(({ metadata }) => metadata.name).join(', ')} are not among them`,
        ),
      ],
      scope: [...target.hosts, ...pods.map(podScope)],
    }))
  },
})
