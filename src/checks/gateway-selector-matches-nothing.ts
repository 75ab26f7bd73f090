import { labelsText, labelTexts, selectorText } from '../mesh/labels.ts'
import { isConverted } from '../mesh/conversion.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { nearestNames } from '../mesh/names.ts'
import type { Gateway } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { proxyRuns } from '../mesh/pods.ts'
import { formatRef } from '../mesh/ref.ts'
import { boundHosts, gatewayKey, gatewaysOf, hostsOf, podsOfGateway } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { gatewaysFor, virtualServicesFor } from './facts/proxies-of.ts'
import { observed } from './facts/traffic-of.ts'

/** A Gateway's selector matches no pod: there is nobody to take its hosts. */
export const gatewaySelectorMatchesNothing = defineCheck({
  name: 'gateway-selector-matches-nothing',
  about: "every Gateway's selector matches a running proxy",
  needs: ['gateways', 'virtual-services', 'pods'],
  confirms: ['proxy-status', 'services', 'access-log'],
  problems: {
    MESH0601: {
      severity: 'error',
      title: 'gateway selector matches nothing',
      explains: ['MESH0105', 'MESH0116', 'MESH0401', 'MESH0404'],
      covers: ['IST0101 Referenced selector not found'],
      kiali: ['KIA0302'],
      says: 'The selector {selector} of {subject} matches no pod in any namespace, so no proxy serves {hosts}',
      remedy: 'Select labels that gateway pods have; {nearest}.',
    },
  },
  run(evidence, target) {
    return gatewaysFor(evidence, target)
      .filter((gateway) => !isConverted(gateway) && isUnserved(gateway, evidence))
      .map((gateway) => found(gateway, evidence, target))
  },
})

/** An empty selector takes every proxy, which is no trouble; and pods that were not looked for are not missing. */
function isUnserved(gateway: Gateway, evidence: Evidence): boolean {
  const selector = gateway.spec?.selector ?? {}
  const command = selectorText(selector)
  const looked = evidence.seen('pods').some(({ source }) => source.includes(`-A -l ${command} `))
  return Object.keys(selector).length > 0 && looked && podsOfGateway(gateway, evidence.objects('pods')).length === 0
}

function found(gateway: Gateway, evidence: Evidence, target: Target): Found {
  const hosts = hostsBy(gateway, evidence, target)
  const others = gatewaysFor(evidence, target).filter(
    (other) => other !== gateway && podsOfGateway(other, evidence.objects('pods')).some(proxyRuns),
  )
  const elsewhere = hosts.every((host) => others.some((other) => hostsBy(other, evidence, target).includes(host)))
  const listed = evidence.seen('proxy-status')[0]
  // With the hosts taken by another gateway too, nobody may miss this one.
  const live =
    listed === undefined || elsewhere
      ? []
      : [proof(listed, `none of the ${listed.value.length} proxies that istiod knows is such a pod`)]
  const seen =
    live.length === 0
      ? []
      : observed(
          evidence,
          hosts,
          latestChange([gateway]),
          'were answered 404 NR by a gateway that does not have them',
          ({ flags }) => flags.includes('NR'),
        )
  return {
    code: 'MESH0601',
    standing: standingOf({ live, observed: seen }),
    subject: refOf(gateway),
    args: {
      selector: labelsText(gateway.spec?.selector),
      hosts: hosts.length === 0 ? ['its hosts'] : hosts,
      nearest: nearestLabels(gateway, evidence),
    },
    because: [nobody(gateway, evidence), ...live, ...seen],
    scope: [...hosts, ...target.hosts],
  }
}

/** The hosts for which VirtualServices of the target are bound to the Gateway. */
function hostsBy(gateway: Gateway, evidence: Evidence, target: Target): string[] {
  const bound = virtualServicesFor(evidence, target).filter(
    (one) => gatewaysOf(one).includes(gatewayKey(gateway)) && boundHosts(gateway, one).length > 0,
  )
  return [...new Set(bound.flatMap(hostsOf))]
}

const nobody = (gateway: Gateway, evidence: Evidence): Proof => {
  const labels = selectorText(gateway.spec?.selector)
  const reading = evidence.seen('pods').find(({ source }) => source.includes(`-A -l ${labels} `)) ?? {
    kind: 'pods' as const,
    source: '',
    at: '',
  }
  return proof(reading, `no pod in any namespace has ${labels}, which ${formatRef(refOf(gateway))} selects`)
}

/** The labels by which other Gateways find pods. */
function nearestLabels(gateway: Gateway, evidence: Evidence): string {
  const known = [
    ...new Set(
      evidence
        .objects('services')
        .filter(({ spec }) => (spec?.ports ?? []).some(({ port }) => port === 15021))
        .flatMap(({ spec }) => labelTexts(spec?.selector)),
    ),
  ]
  const [near] = nearestNames(labelsText(gateway.spec?.selector), known)
  return near === undefined
    ? known.length === 0
      ? 'no gateway was found'
      : `gateways have ${known.join(', ')}`
    : `nearest: ${near}`
}
