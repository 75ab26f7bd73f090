import { proxyStatus } from '../mesh/pods.ts'
import type { ProxySync } from '../mesh/proxy-status.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { podScope } from './facts/owners.ts'
import { proxiesOf } from './facts/proxies-of.ts'
import { refOf } from '../mesh/objects.ts'

/**
 * Milliseconds a proxy may take to acknowledge a push before it counts as stale: a push just under way is STALE too. A proxy that hangs
 * is dropped from the list after half a minute (istiod's keepalive), so the time to see it STALE is short.
 */
const GRACE = 10_000
/** Types every sidecar and gateway subscribes; the others are NOT_SENT when nothing asks for them. */
const ALWAYS_SENT = new Set(['CDS', 'LDS'])

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
      remedy: "Look at the proxy's log and its connection to istiod ({istiod}); if it stays stale, restart the pod.",
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
    },
  },
  run(evidence, target) {
    const [reading] = evidence.seen('proxy-status')
    if (reading === undefined) return []
    return proxiesOf(evidence, target).flatMap(({ pod, sync, status: said = reading }): Found[] => {
      const started = proxyStatus(pod)?.state?.running?.startedAt
      const since = ({ status, lastUpdated }: ProxySync['types'][number]): string | undefined =>
        status === 'NOT_SENT' ? started : lastUpdated
      const stale = (sync?.types ?? [])
        .filter(({ status, type }) => status === 'STALE' || (status === 'NOT_SENT' && ALWAYS_SENT.has(type)))
        .filter((type) => Date.parse(said.at) - Date.parse(since(type) ?? '') > GRACE)
      if (stale.length === 0) return []
      const seconds = Math.max(
        ...stale.map((type) => Math.round((Date.parse(said.at) - Date.parse(since(type) ?? '')) / 1000)),
      )
      return [
        {
          code: 'MESH0202',
          standing: 'live',
          subject: refOf(pod),
          args: { types: stale.map(({ type }) => type), seconds, istiod: sync?.istiod ?? 'unknown' },
          because: [
            proof(
              said,
              stale.map((type) => `${type.type} ${type.status} since ${since(type) ?? 'an unknown time'}`).join(', '),
            ),
          ],
          scope: [...target.hosts, podScope(pod)],
        },
      ]
    })
  },
})
