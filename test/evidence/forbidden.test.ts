import { describe, expect, it } from 'vitest'
import { missingPermission } from '../../src/evidence/clients/forbidden.ts'

/** As kube-apiserver 1.34 and istioctl 1.31 wrote them. */
const READER = 'User "system:serviceaccount:mesh-medic:reader"'

describe('a refusal names the missing permission', () => {
  it.each([
    [`virtualservices.networking.istio.io is forbidden: ${READER} cannot list resource "virtualservices" in API group "networking.istio.io" at the cluster scope`, { verb: 'list', group: 'networking.istio.io', resource: 'virtualservices' }],
    [`pods is forbidden: ${READER} cannot list resource "pods" in API group "" in the namespace "istioinaction"`, { verb: 'list', group: '', resource: 'pods', namespace: 'istioinaction' }],
    [`pods "catalog-1" is forbidden: ${READER} cannot get resource "pods/log" in API group "" in the namespace "istioinaction"`, { verb: 'get', group: '', resource: 'pods/log', namespace: 'istioinaction' }],
    [`Error: failed to execute command on catalog-1.istioinaction sidecar: failure running port forward process: pods "catalog-1" is forbidden: ${READER} cannot create resource "pods/portforward" in API group "" in the namespace "istioinaction"`, { verb: 'create', group: '', resource: 'pods/portforward', namespace: 'istioinaction' }],
    [`failed to list *v1.Node: nodes is forbidden: ${READER} cannot list resource "nodes" in API group "" at the cluster scope`, { verb: 'list', group: '', resource: 'nodes' }],
    [`replicasets.apps is forbidden: ${READER} cannot list resource "replicasets" in API group "apps" in the namespace "shop": RBAC: role.rbac.authorization.k8s.io "x" not found`, { verb: 'list', group: 'apps', resource: 'replicasets', namespace: 'shop' }],
  ])('%s', (text, permission) => {
    expect(missingPermission(text)).toMatchObject(permission)
  })

  it.each(['', 'Unauthorized', 'forbidden', 'pods is forbidden: quota exceeded', 'pods "x" is forbidden: violates PodSecurity "restricted:latest"', 'connection refused', 'cannot list resource'])('%j names none', (text) => {
    expect(missingPermission(text)).toBeUndefined()
  })
})
