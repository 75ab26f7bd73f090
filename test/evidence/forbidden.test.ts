import { describe, expect, it } from 'vitest'
import { missingPermission } from '../../src/evidence/clients/forbidden.ts'

/** As kube-apiserver 1.34 and istioctl 1.31 wrote them. */
const READER = 'User "system:serviceaccount:mesh-medic:reader"'

describe('a refusal names the missing permission', () => {
  it.each([
    [
      `virtualservices.networking.istio.io is forbidden: ${READER} cannot list resource "virtualservices" in API group "networking.istio.io" at the cluster scope`,
      { verb: 'list', group: 'networking.istio.io', resource: 'virtualservices' },
    ],
    [
      `pods is forbidden: ${READER} cannot list resource "pods" in API group "" in the namespace "istio-system"`,
      { verb: 'list', group: '', resource: 'pods', namespace: 'istio-system' },
    ],
    [
      `nodes is forbidden: ${READER} cannot list resource "nodes" in API group "" at the cluster scope`,
      { verb: 'list', group: '', resource: 'nodes' },
    ],
    [
      'pods "p" is forbidden: User "reader" cannot get resource "pods/log" in API group "" in the namespace "forbidden-lab"',
      { verb: 'get', group: '', resource: 'pods/log', namespace: 'forbidden-lab' },
    ],
    [
      `Error: namespaces "default" is forbidden: ${READER} cannot get resource "namespaces" in API group "" in the namespace "default"`,
      { verb: 'get', group: '', resource: 'namespaces', namespace: 'default' },
    ],
    [
      '2026-11-24T02:21:29.751320Z\terror\tport forward failed: error upgrading connection: unable to upgrade connection: pods "p" is forbidden: User "reader" cannot create resource "pods/portforward" in API group "" in the namespace "forbidden-lab"',
      { verb: 'create', group: '', resource: 'pods/portforward', namespace: 'forbidden-lab' },
    ],
    [
      `Error: failed to execute command on istio-ingressgateway-x.istio-system sidecar: failure running port forward process: failure running port forward process: building port forwarded: failed retrieving: pods "istio-ingressgateway-x" is forbidden: ${READER} cannot get resource "pods" in API group "" in the namespace "istio-system" in the "istio-system" namespace`,
      { verb: 'get', group: '', resource: 'pods', namespace: 'istio-system' },
    ],
  ])('%s', (text, permission) => {
    expect(missingPermission(text)).toEqual(permission)
  })

  it.each([
    '',
    'Unauthorized',
    'forbidden',
    'pods is forbidden: quota exceeded',
    'pods "x" is forbidden: violates PodSecurity "restricted:latest"',
    'connection refused',
    'cannot list resource',
  ])('%j names none', (text) => {
    expect(missingPermission(text)).toBeUndefined()
  })
})
