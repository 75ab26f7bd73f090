import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { meshStatus } from '../../src/diagnosis/mesh-status.ts'
import { statusText, statusVerdict } from '../../src/report/mesh-status-text.ts'
import type { Recording } from '../../src/evidence/clients/recording.ts'
import { parseRecording, replayClients } from '../../src/evidence/clients/recording.ts'

const recorded = (): Recording =>
  parseRecording(readFileSync(new URL('mesh-status/recording.json', import.meta.url), 'utf8'))
const without = (start: string): Recording => {
  const { madeAt, calls } = recorded()
  return {
    madeAt,
    calls: calls.map((call) =>
      call.call.startsWith(start)
        ? { call: call.call, failed: { reason: 'unavailable', detail: 'no running Istio pods in "istio-system"' } }
        : call,
    ),
  }
}
const states = (recording: Recording, namespace?: string): Promise<Record<string, string>> =>
  meshStatus(replayClients(recording), { namespace }).then(({ proxies }) =>
    Object.fromEntries(proxies.map(({ pod, state }) => [pod.name.replace(/-\w+-\w+$/, ''), state])),
  )

test('tells absent, rejecting and synced proxies apart, worst first', async () => {
  expect(await states(recorded())).toEqual({
    lonely: 'absent',
    catalog: 'rejected',
    'catalog-v2': 'synced',
    'istio-ingressgateway': 'synced',
  })
})

test('keeps to a namespace, but shows the control plane', async () => {
  const status = await meshStatus(replayClients(recorded()), { namespace: 'porch' })
  expect(status.proxies.every(({ pod }) => pod.namespace === 'porch')).toBe(true)
  expect(status.controlPlane).toMatchObject([{ ready: true, version: '1.31.0' }])
  expect(status.versions).toEqual([{ version: '1.31.0', proxies: 3 }])
})

test("shows Envoy's own text of a rejection", async () => {
  const status = await meshStatus(replayClients(recorded()), { namespace: 'porch' })
  expect(statusText(status)).toMatch(/LDS ERROR[\s\S]*FillInterval: value must be greater than 0s/)
  expect(statusVerdict(status)).toBe('ill')
})

test('calls no proxy absent when istiod could not be asked, and is then never healthy', async () => {
  const status = await meshStatus(replayClients(without('istioctl proxy-status')))
  expect(status.proxies).toEqual([])
  expect(status.unseen).toMatchObject([{ kind: 'proxy-status', reason: 'unavailable' }])
  expect(statusVerdict(status)).toBe('unclear')
  expect(statusText(status)).toContain('The proxies of the mesh could not be seen.')
})

test('a proxy that started a moment ago is not called absent', async () => {
  const recording = recorded()
  const startedAt = new Date(Date.parse(recording.madeAt) - 5000).toISOString()
  const text = JSON.stringify(recording).replaceAll(/"startedAt":"[^"]+"/g, `"startedAt":"${startedAt}"`)
  expect(Object.values(await states(parseRecording(text)))).not.toContain('absent')
})

test('an unknown namespace is refused with the nearest name', async () => {
  await expect(
    meshStatus(
      replayClients({
        ...recorded(),
        calls: [...recorded().calls, { call: 'kubernetes list pods.v1 -n prch', json: [] }],
      }),
      { namespace: 'prch' },
    ),
  ).rejects.toMatchObject({ code: 'unknown-namespace', nearest: ['porch'] })
})

test('a cluster that answers nothing is no mesh whose proxies are not seen', async () => {
  const failed = {
    reason: 'unavailable' as const,
    detail: 'the API server at https://127.0.0.1:9 could not be reached',
  }
  const calls = recorded().calls.map(({ call }) => ({ call, failed }))
  await expect(meshStatus(replayClients({ ...recorded(), calls }))).rejects.toThrow('No answer from the cluster')
})

test('versions that differ are skew', async () => {
  const text = JSON.stringify(recorded()).replace('"ISTIO_VERSION":"1.31.0"', '"ISTIO_VERSION":"1.29.2"')
  expect(statusText(await meshStatus(replayClients(parseRecording(text))))).toContain(
    'Version skew: 1.31.0 (3), 1.29.2 (1)',
  )
})
