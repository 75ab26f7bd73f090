import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { podScope } from './owners.ts'
import { proxiesOf } from './proxies-of.ts'
import { refOf } from '../mesh/objects.ts'

/** Milliseconds a proxy may take to acknowledge a push before it counts as stale: a push just under way is STALE too. */
const GRACE = 30_000

/** A proxy has not acknowledged what istiod sent: it runs on older configuration. */
export const staleProxy = defineCheck({
  name: 'stale-proxy',
  about: 'every proxy acknowledged the newest configuration',
  needs: ['proxy-status', 'pods'],
  confirms: ['virtual-services', 'gateways'],
  problems: {
    MESH0202: {
      severity: 'error',
      title: 'proxy stale',
      says: '{subject} has not acknowledged {types} for {seconds} s: it runs on older configuration',
      remedy: "Look at the proxy's log and its connection to istiod ({istiod}); restart the pod when it stays so.",
      explains: ['MESH0401', 'MESH0404'],
    },
  },
  run(evidence, target) {
    const [reading] = evidence.seen('proxy-status')
    if (reading === undefined) return []
    return proxiesOf(evidence, target).flatMap(({ pod, sync }): Found[] => {
      const stale = (sync?.types ?? []).filter(({ status, lastUpdated }) => status === 'STALE' && Date.parse(reading.at) - Date.parse(lastUpdated ?? '') > GRACE)
      if (stale.length === 0) return []
      const seconds = Math.max(...stale.map(({ lastUpdated }) => Math.round((Date.parse(reading.at) - Date.parse(lastUpdated ?? '')) / 1000)))
      return [{
        code: 'MESH0202', standing: 'live', subject: refOf(pod),
        args: { types: stale.map(({ type }) => type), seconds, istiod: sync?.istiod ?? 'unknown' },
        because: [proof(reading, stale.map(({ type, lastUpdated }) => `${type} STALE since ${lastUpdated ?? 'an unknown time'}`).join(', '))],
        scope: [...target.hosts, podScope(pod)],
      }]
    })
  },
})
