import { expect, it } from 'vitest'
import { attributesOf } from '../live/request-attributes.ts'

const POD = '/api/v1/namespaces/shop/pods/catalog-1'

it.each([
  ['GET', '/api/v1/pods?limit=500', { verb: 'list', group: '', resource: 'pods' }],
  ['GET', '/api/v1/pods?watch=true', { verb: 'watch', group: '', resource: 'pods' }],
  ['GET', POD, { verb: 'get', group: '', resource: 'pods', namespace: 'shop', name: 'catalog-1' }],
  [
    'GET',
    `${POD}/log?tailLines=5`,
    { verb: 'get', group: '', resource: 'pods/log', namespace: 'shop', name: 'catalog-1' },
  ],
  [
    'POST',
    `${POD}/portforward`,
    { verb: 'create', group: '', resource: 'pods/portforward', namespace: 'shop', name: 'catalog-1' },
  ],
  [
    'GET',
    '/api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dcatalog-1',
    { verb: 'list', group: '', resource: 'pods', namespace: 'shop', name: 'catalog-1' },
  ],
  ['GET', '/api/v1/namespaces', { verb: 'list', group: '', resource: 'namespaces' }],
  [
    'GET',
    '/api/v1/namespaces/shop',
    { verb: 'get', group: '', resource: 'namespaces', namespace: 'shop', name: 'shop' },
  ],
  [
    'GET',
    '/apis/gateway.networking.k8s.io/v1/httproutes',
    { verb: 'list', group: 'gateway.networking.k8s.io', resource: 'httproutes' },
  ],
  [
    'POST',
    '/api/v1/namespaces/istio-system/serviceaccounts/default/token',
    { verb: 'create', group: '', resource: 'serviceaccounts/token', namespace: 'istio-system', name: 'default' },
  ],
  [
    'DELETE',
    '/api/v1/namespaces/shop/pods',
    { verb: 'deletecollection', group: '', resource: 'pods', namespace: 'shop' },
  ],
  ['GET', '/apis', { verb: 'get', path: '/apis' }],
  ['GET', '/apis/apps/v1', { verb: 'get', path: '/apis/apps/v1' }],
  ['GET', '/version?timeout=32s', { verb: 'get', path: '/version' }],
])('%s %s asks the authorizer for what it would', (method, url, asks) => {
  expect(attributesOf(method, url)).toEqual(asks)
})
