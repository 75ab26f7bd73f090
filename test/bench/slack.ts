import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { openBackend } from '../../src/jobs/backend.ts'
import { startSlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { connectSlack } from '../../src/slack/connect.ts'
import { redisIsPresent, startRedis } from '../redis-server.ts'
import { recordedClients } from '../replay.ts'
import { median, percentile, round } from './figures.ts'

const COMMANDS = 50

/** Many people type at once, each in a channel of their own: milliseconds to the acknowledgement, and to the first message in the channel. */
export async function benchSlack(): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = { embedded: await once(undefined) }
  if (redisIsPresent()) {
    const redis = await startRedis()
    result.redis = await once(redis.url)
    await redis.stop()
  }
  return { commands: COMMANDS, ...result, wanted: 'p99 of acknowledgements <= 250, of first messages <= 1500' }
}

/** The recorded mesh with the catalog's Service under many more names: the same target would be joined, not opened anew. */
function manyServices(): Clients {
  const recorded = recordedClients('chapter-10/ill')
  const { kubernetes } = recorded
  return {
    ...recorded,
    kubernetes: {
      ...kubernetes,
      list: async (resource, where, signal) => {
        const objects = await kubernetes.list(resource, where, signal)
        const catalog = resource.plural === 'services' ? objects.find(({ metadata }) => metadata.name === 'catalog') : undefined
        return catalog === undefined ? objects : [...objects, ...Array.from({ length: COMMANDS }, (_, index) => ({ ...catalog, metadata: { ...catalog.metadata, name: `catalog-${index}` } }))]
      },
    },
  }
}

async function once(redisUrl: string | undefined): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-bench-'))
  const log = pino({ level: 'silent' })
  const channels = Array.from({ length: COMMANDS }, (_, index) => ({ id: `C_${index}`, name: `channel-${index}` }))
  const standIn = await startSlackStandIn({ channels })
  const backend = await openBackend({ dataFolder: folder, log, ...(redisUrl !== undefined && { redisUrl }) })
  const connection = await connectSlack({ backend, clients: manyServices(), log, options: { botToken: standIn.botToken, appToken: standIn.appToken, apiUrl: standIn.url } })
  try {
    const began = performance.now()
    const firstMessage = new Map<string, number>()
    standIn.on('message', ({ message: { channel, threadTs } }) => {
      if (threadTs === undefined && !firstMessage.has(channel)) firstMessage.set(channel, performance.now() - began)
    })
    const typed = await Promise.all(channels.map(({ id }, index) => standIn.type(`/mesh diagnose catalog-${index} -n istioinaction`, { channel: id })))
    await standIn.waitFor(() => firstMessage.size === COMMANDS, 30_000)
    const acknowledged = typed.map(({ acknowledgedInMilliseconds }) => acknowledgedInMilliseconds ?? Infinity)
    const messages = [...firstMessage.values()]
    const figures = (samples: number[]) => ({ median: round(median(samples)), p99: round(percentile(samples, 0.99)), max: round(Math.max(...samples)) })
    return { acknowledgementMilliseconds: figures(acknowledged), firstMessageMilliseconds: figures(messages) }
  } finally {
    await connection.stop()
    await backend.close()
    await standIn.close()
    await rm(folder, { recursive: true, force: true })
  }
}
