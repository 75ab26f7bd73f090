import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAccessLogNamespace, type AccessLogNamespace } from './access-log-mesh.ts'
import { openLiveBot } from './bot.ts'
import { kubectl, until } from './mesh.ts'

const NAMESPACE = `${process.env.MESH_MEDIC_TEST_ACCESS_LOG_NAMESPACE ?? 'access-log'}-mesh`
const AGE = '%COMMON_DURATION(US_CX_END:US_TX_BEG:ms)%'

/** The mesh configuration as it is, byte for byte. */
const meshConfig = async (): Promise<string> =>
  (
    JSON.parse(await kubectl(['-n', 'istio-system', 'get', 'configmap', 'istio', '-o', 'json'])) as {
      data: { mesh: string }
    }
  ).data.mesh
const setMeshConfig = (mesh: string): Promise<string> =>
  kubectl([
    '-n',
    'istio-system',
    'patch',
    'configmap',
    'istio',
    '--type=merge',
    '-p',
    JSON.stringify({ data: { mesh } }),
  ])

/** It changes the configuration of the whole mesh for a minute, and puts it back byte for byte: only where that is allowed. */
const isAllowed = process.env.MESH_MEDIC_TEST_MESH_CONFIG !== undefined

describe.skipIf(!isAllowed)('access logs that the mesh configuration turns off (MESH_MEDIC_TEST_MESH_CONFIG=1)', () => {
  let mesh: AccessLogNamespace
  let folder: string
  let former: string | undefined
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mesh-medic-live-'))
    mesh = await openAccessLogNamespace(NAMESPACE)
    const asItWas = await meshConfig()
    former = asItWas
    const { accessLogFile: _file, ...rest } = parse(asItWas) as Record<string, unknown>
    const connections = {
      name: 'connections',
      envoyFileAccessLog: {
        path: '/dev/stdout',
        logFormat: {
          labels: {
            start_time: '%START_TIME%',
            path: '%REQ(:PATH)%',
            response_code: '%RESPONSE_CODE%',
            connection_age: AGE,
            connection_id: '%UPSTREAM_CONNECTION_ID%',
          },
        },
      },
    }
    const providers = Array.isArray(rest.extensionProviders) ? (rest.extensionProviders as unknown[]) : []
    await setMeshConfig(stringify({ ...rest, extensionProviders: [...providers, connections] }))
  }, 240_000)
  afterAll(async () => {
    if (former !== undefined) {
      await setMeshConfig(former)
      expect(await meshConfig()).toBe(former)
    }
    await kubectl(['delete', 'namespace', NAMESPACE, '--wait=false'])
    await rm(folder, { recursive: true, force: true })
  })

  it('are said to be off by a diagnosis, turned on by its button, and put back exactly', async () => {
    await mesh.untilOff(folder)
    const before = await mesh.telemetries()
    const bot = await openLiveBot()
    try {
      const parent = await bot.diagnose(`catalog -n ${NAMESPACE}`)
      await bot.seen(/MESH044[37]/, undefined, 60_000)
      await bot.click(parent, 'Turn on access logs', 'U_ONCALL')
      const view = await bot.standIn.waitFor(
        () => bot.standIn.views('U_ONCALL').find(({ blocks }) => blocks.length > 2),
        20_000,
      )
      await bot.standIn.submitView(view, { workload: `Deployment ${NAMESPACE}/catalog-v2` }, { user: 'U_ONCALL' })
      const { message } = await bot.seen(
        /Access logs are on/,
        ({ actions }) => actions.includes('Put back now'),
        60_000,
      )
      await mesh.untilLogged('v2', '/items?mesh=button')
      expect(await mesh.logged('v1', '/items?mesh=button')).toEqual([])
      await bot.click(message, 'Put back now', 'U_ONCALL')
      await bot.seen(/Access logs were put back/)
      expect(await mesh.telemetries()).toEqual(before)
    } finally {
      await bot.close()
    }
  }, 300_000)

  it('are turned on for one workload, with the fields of connections', async () => {
    expect(await mesh.untilOff(folder)).toContain('connections')
    const before = await mesh.telemetries()
    expect(before).toEqual({})
    const { ended, said } = mesh.start(folder, 'deploy/catalog-v2', 'on', '--for', '40s')
    await until('access logs that are on', 120, () =>
      Promise.resolve(said().includes('seen in the configuration of')),
    ).catch((error: unknown) => {
      throw new Error(said(), { cause: error })
    })
    expect(said()).toContain('access log by provider connections')
    await mesh.untilLogged('v2', '/items?mesh=1')
    const [line = ''] = await mesh.logged('v2', '/items?mesh=1')
    const entry = JSON.parse(line) as Record<string, unknown>
    expect(entry).toMatchObject({ response_code: 200 })
    expect(Number(entry.connection_age)).toBeGreaterThanOrEqual(0)
    expect(Number(entry.connection_id)).toBeGreaterThan(0)
    expect(await mesh.logged('v1', '/items?mesh=1')).toEqual([])
    expect(await ended).toBe(0)
    expect(await mesh.telemetries()).toEqual(before)
  }, 300_000)
})
