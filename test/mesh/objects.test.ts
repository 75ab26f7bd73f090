import { describe, expect, it } from 'vitest'
import type { KubernetesObject, Metadata, Pod } from '../../src/mesh/objects.ts'
import { changedAt, latestChange, selects } from '../../src/mesh/objects.ts'
import { applicationStatuses, hasProxy, isReady, proxyAnswers, proxyRuns } from '../../src/mesh/pods.ts'

const object = (metadata: Partial<Metadata>): KubernetesObject => ({
  kind: 'VirtualService',
  metadata: { name: 'catalog', ...metadata },
})
const at = (time: string): number => Date.parse(time)

describe('when an object changed', () => {
  it('is when somebody last wrote what it asks for', () => {
    expect(
      changedAt(
        object({
          creationTimestamp: '2026-11-24T00:00:00Z',
          managedFields: [
            { manager: 'kubectl', operation: 'Apply', time: '2026-11-24T00:05:00Z' },
            { manager: 'kubectl', operation: 'Apply', time: '2026-11-24T00:03:00Z' },
            { manager: 'pilot-discovery', operation: 'Update', subresource: 'status', time: '2026-11-24T09:00:00Z' },
          ],
        }),
      ),
    ).toBe(at('2026-11-24T00:05:00Z'))
  })

  it('is when it was made, when nothing says more', () => {
    expect(
      changedAt(
        object({ creationTimestamp: '2026-11-24T00:00:00Z', managedFields: [{ manager: 'x' }, { time: 'no time' }] }),
      ),
    ).toBe(at('2026-11-24T00:00:00Z'))
    expect(changedAt(object({}))).toBeUndefined()
  })

  it('of several is the latest; 0 when nobody knows', () => {
    expect(
      latestChange([
        object({ creationTimestamp: '2026-11-24T00:00:00Z' }),
        object({ creationTimestamp: '2026-11-24T02:00:00Z' }),
        object({}),
      ]),
    ).toBe(at('2026-11-24T02:00:00Z'))
    expect(latestChange([])).toBe(0)
    expect(latestChange([object({})])).toBe(0)
  })
})

it.each([
  [{ app: 'a' }, { app: 'a', version: 'v1' }, true],
  [{ app: 'a', version: 'v2' }, { app: 'a', version: 'v1' }, false],
  [{ app: 'a' }, {}, false],
  [{ app: 'a' }, undefined, false],
  [{}, { app: 'a' }, false],
  [undefined, { app: 'a' }, false],
])('selector %j takes labels %j: %s', (selector, labels, taken) => {
  expect(selects(selector, labels)).toBe(taken)
})

describe('a pod', () => {
  const running = { running: { startedAt: '2026-11-24T00:00:00Z' } }
  const native: Pod = {
    kind: 'Pod',
    metadata: { name: 'catalog-1' },
    spec: {
      containers: [{ name: 'catalog' }],
      initContainers: [{ name: 'istio-init' }, { name: 'istio-proxy', restartPolicy: 'Always' }],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'catalog', ready: true }],
      initContainerStatuses: [{ name: 'istio-proxy', state: running }],
    },
  }
  const beside: Pod = {
    ...native,
    spec: { containers: [{ name: 'catalog' }, { name: 'istio-proxy' }] },
    status: {
      ...native.status,
      containerStatuses: [{ name: 'catalog' }, { name: 'istio-proxy', state: running }],
      initContainerStatuses: [],
    },
  }

  it.each([
    ['a native sidecar', native],
    ['a sidecar beside its application', beside],
  ])('with %s has a proxy that runs and answers', (_, pod) => {
    expect([hasProxy(pod), proxyRuns(pod), proxyAnswers(pod)]).toEqual([true, true, true])
    expect(applicationStatuses(pod).map(({ name }) => name)).toEqual(['catalog'])
  })

  it('that is still pending has a native sidecar that runs and that nobody can ask', () => {
    const pending: Pod = {
      ...native,
      status: { ...native.status, phase: 'Pending', conditions: [{ type: 'Ready', status: 'False' }] },
    }
    expect([proxyRuns(pending), proxyAnswers(pending), isReady(pending)]).toEqual([true, false, false])
  })

  it('on its way out is not ready', () => {
    expect(isReady(native)).toBe(true)
    expect(isReady({ ...native, metadata: { ...native.metadata, deletionTimestamp: '2026-11-24T00:00:00Z' } })).toBe(
      false,
    )
    expect(isReady({ kind: 'Pod', metadata: { name: 'x' } })).toBe(false)
  })
})
