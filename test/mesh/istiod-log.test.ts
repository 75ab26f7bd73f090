import { expect, it } from 'vitest'
import { authenticationRefusal, credentialRefusal, istiodPushes, istiodWarnings } from '../../src/mesh/istiod-log.ts'

it("takes warnings and errors out of istiod's log, and leaves out all else", () => {
  expect(
    istiodWarnings(
      [
        '2026-11-24T04:06:58.136195Z\twarn\tmodel\tJWKS fetch failed for issuer https://issuer.example.com (http://keys.shop.svc/jwks), using public-only JWKS with discarded private key - JWT requests will be rejected',
        '2026-11-24T04:06:58.325455Z\tinfo\tads\tPush debounce stable[866] 2 for config Endpoints/shop/catalog.shop.svc.cluster.local',
        '2026-11-24T04:07:01.147443Z\terror\tmodel\tFailed to refresh JWT public key from "http://keys.shop.svc/jwks": context deadline exceeded',
        'goroutine 1 [running]:',
        '',
      ].join('\n'),
    ),
  ).toEqual([
    {
      at: '2026-11-24T04:06:58.136195Z',
      scope: 'model',
      message:
        'JWKS fetch failed for issuer https://issuer.example.com (http://keys.shop.svc/jwks), using public-only JWKS with discarded private key - JWT requests will be rejected',
    },
    {
      at: '2026-11-24T04:07:01.147443Z',
      scope: 'model',
      message: 'Failed to refresh JWT public key from "http://keys.shop.svc/jwks": context deadline exceeded',
    },
  ])
})

it.each([
  [
    'failed to fetch key and certificate for kubernetes://nosuch: secret istio-system/nosuch not found',
    { credential: 'nosuch', reason: 'secret istio-system/nosuch not found' },
  ],
  [
    'proxy shop-gateway-5d778bcc4f-gm65c.istioinaction attempted to access unauthorized certificates catalog-certificate: default/istioinaction is not authorized to read secrets: ',
    {
      credential: 'catalog-certificate',
      proxy: 'shop-gateway-5d778bcc4f-gm65c.istioinaction',
      reason: 'service account istioinaction/default may not read Secrets',
    },
  ],
  ['Failed to GET from "http://keys.shop.svc/jwks": EOF. Retry in 1s', undefined],
])('says why a certificate was not given: %s', (message, expected) => {
  expect(credentialRefusal(message)).toEqual(expected)
})

it.each([
  [
    'Failed to authenticate client from 10.244.0.169:58320: Authenticator ClientCertAuthenticator: no verified chain is found; Authenticator KubeJWTAuthenticator: failed to validate the JWT from cluster "Kubernetes": the service account authentication returns an error: [invalid bearer token, serviceaccounts "shop" not found]',
    { address: '10.244.0.169', reason: 'invalid bearer token, serviceaccounts "shop" not found' },
  ],
  [
    'Failed to authenticate client from [fd00::a9]:58320: Authenticator ClientCertAuthenticator: no verified chain is found',
    { address: 'fd00::a9', reason: 'Authenticator ClientCertAuthenticator: no verified chain is found' },
  ],
  ['failed to fetch key and certificate for kubernetes://catalog: secret shop/catalog not found', undefined],
])('says whom istiod did not believe: %s', (message, expected) => {
  expect(authenticationRefusal(message)).toEqual(expected)
})

it("takes the objects that were pushed out of istiod's log", () => {
  expect(
    istiodPushes(
      [
        '2026-11-24T04:06:58.325455Z\tinfo\tads\tPush debounce stable[866] 2 for config Endpoints/shop/catalog.shop.svc.cluster.local and 1 more configs: 100.9ms since last change, 127.1ms since last push, forced=false',
        '2026-11-24T04:06:59.352632Z\tinfo\tads\tPush debounce stable[867] 1 for config PeerAuthentication/shop/old-client: 100.48ms since last change, 100.48ms since last push, forced=false',
        '2026-11-24T04:06:59.355350Z\tinfo\tads\tXDS: Pushing Services:5 ConnectedEndpoints:1 Version:2026-11-24T04:06:59Z/7',
        '2026-11-24T04:07:01.147443Z\terror\tmodel\tPush debounce stable[868] 1 for config Sidecar/shop/default: said by nobody',
      ].join('\n'),
    ),
  ).toEqual([
    { at: '2026-11-24T04:06:58.325455Z', kind: 'Endpoints', namespace: 'shop', name: 'catalog.shop.svc.cluster.local' },
    { at: '2026-11-24T04:06:59.352632Z', kind: 'PeerAuthentication', namespace: 'shop', name: 'old-client' },
  ])
})
