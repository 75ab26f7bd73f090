import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const CLIENTS = join(import.meta.dirname, '..', '..', 'src', 'evidence', 'clients')

/** The files of the Kubernetes client that a program loads. */
async function loaded(program: string): Promise<string[]> {
  const watched = `
    import { registerHooks } from 'node:module'
    const files = []
    registerHooks({ load: (url, context, next) => (files.push(url), next(url, context)) })
    ${program}
    console.log(JSON.stringify(files.filter((url) => url.includes('/@kubernetes/client-node/'))))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', watched])
  return JSON.parse(stdout) as string[]
}

it('what reads the API server loads without the generated models, and knows kubeconfigs all the same', async () => {
  const files = await loaded(`
    const { loadKubernetes } = await import(${JSON.stringify(join(CLIENTS, 'load-kubernetes.ts'))})
    const { kubernetesApi, loadKubeConfig } = await loadKubernetes()
    if (typeof kubernetesApi !== 'function' || typeof loadKubeConfig !== 'function') throw new Error('not loaded')
    const { KubeConfig } = await import('@kubernetes/client-node')
    const config = new KubeConfig()
    config.loadFromClusterAndUser({ name: 'c', server: 'https://10.0.0.1', skipTLSVerify: false }, { name: 'u', token: 't' })
    const { CoreV1Api } = await import('@kubernetes/client-node')
    config.makeApiClient(CoreV1Api)`)
  // The second import, of all the client, is as it would be alone.
  expect(files.filter((url) => url.endsWith('/dist/gen/models/V1Pod.js'))).toHaveLength(1)
  const alone = await loaded(`
    const { loadKubernetes } = await import(${JSON.stringify(join(CLIENTS, 'load-kubernetes.ts'))})
    await loadKubernetes()`)
  expect(alone.some((url) => url.endsWith('/dist/config.js'))).toBe(true)
  expect(alone.filter((url) => url.includes('/gen/models/') || url.includes('/gen/apis/'))).toEqual([])
})
