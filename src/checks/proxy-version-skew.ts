import { sameRef } from '../mesh/ref.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { byOwner, ownerOf, podScope } from './facts/owners.ts'
import { proxiesOf } from './facts/proxies-of.ts'

/** A proxy is newer than its istiod, or older by more than Istio supports. */
export const proxyVersionSkew = defineCheck({
  name: 'proxy-version-skew',
  about: "every proxy's version is one that its istiod supports",
  needs: ['proxy-status', 'pods'],
  confirms: ['virtual-services', 'gateways', 'replica-sets'],
  problems: {
    MESH0204: {
      severity: 'warning',
      title: 'proxy and istiod versions differ',
      says: 'The proxies of {subject} are version {version} and istiod is {istiod}: istiod supports proxies of its own minor version and of the one before',
      remedy:
        'Restart {subject}, so that its proxies get the version of istiod; if istiod is the older one, upgrade it first.',
    },
  },
  run(evidence, target) {
    const [reading] = evidence.seen('proxy-status')
    if (reading === undefined) return []
    const skewed = proxiesOf(evidence, target).filter(({ sync }) => isSkewed(sync?.version, sync?.istiodVersion))
    return byOwner(
      skewed.map(({ pod }) => pod),
      evidence,
    ).map(({ owner, pods }): Found => {
      const own = skewed.filter(({ pod }) => sameRef(ownerOf(pod, evidence), owner))
      const { sync: { version = '', istiodVersion = '', istiod = 'istiod' } = {}, status = reading } = own[0] ?? {}
      return {
        code: 'MESH0204',
        standing: 'live',
        subject: owner,
        args: { version, istiod: istiodVersion },
        because: [
          proof(
            status,
            `${pods.map(({ metadata }) => metadata.name).join(', ')} reported version ${version} to ${istiod}, which is ${istiodVersion}`,
          ),
        ],
        scope: [...target.hosts, ...pods.map(podScope)],
      }
    })
  },
})

/** Major and minor version of `1.31.0`, `1.31-alpha.0123`; undefined for others, as of a private build. */
function minorOf(version: string | undefined): { major: number; minor: number } | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)([.-]|$)/.exec(version ?? '') ?? []
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) }
}

/** Istio's rule: istiod may be one minor version ahead of its proxies, and never behind. */
function isSkewed(proxy: string | undefined, istiod: string | undefined): boolean {
  const [a, b] = [minorOf(proxy), minorOf(istiod)]
  if (a === undefined || b === undefined) return false
  return a.major !== b.major || a.minor > b.minor || b.minor - a.minor > 1
}
