import { afterEach, beforeEach, expect, it } from 'vitest'
import { startHealthServer } from '../src/health.ts'
import type { HttpServer } from '../src/webhooks/http-server.ts'
import { countUnreadable } from '../src/store/list-readable.ts'

let health: HttpServer
let trouble: Error | undefined
beforeEach(async () => {
  trouble = undefined
  const ready = (): Promise<void> => (trouble === undefined ? Promise.resolve() : Promise.reject(trouble))
  health = await startHealthServer({
    port: 0,
    ready,
    version: '1.2.3',
    queue: { counts: () => Promise.resolve({ waiting: 2, active: 1, delayed: 0, failed: 0 }) },
  })
})
afterEach(() => health.close())
const get = async (path: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://127.0.0.1:${health.port}${path}`)
  return { status: response.status, text: await response.text() }
}

it('/healthz answers while the process runs', async () => {
  trouble = new Error('Redis is away')
  expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' })
})

it('/readyz says why not', async () => {
  trouble = new Error('Redis is away')
  expect(await get('/readyz')).toEqual({ status: 503, text: 'not ready: Redis is away\n' })
})

it('/readyz when all is well', async () => {
  expect(await get('/readyz')).toEqual({ status: 200, text: 'ready\n' })
})

it('/metrics in the format of Prometheus', async () => {
  countUnreadable('leases', 2)
  const { text } = await get('/metrics')
  expect(text).toContain('mesh_medic_unreadable_records{collection="leases"} 2')
  expect(text).toContain('mesh_medic_jobs{state="waiting"} 2')
  expect(text).toContain('mesh_medic_build_info{version="1.2.3"} 1')
  expect(text).toContain('process_resident_memory_bytes')
})

it('anything else is not here', async () => {
  expect((await get('/')).status).toBe(404)
})
