import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { unreadableRecords } from './store/list-readable.ts'
import type { JobQueue } from './queue/queue.ts'
import { startHttpServer, type HttpServer, type Route } from './webhooks/http-server.ts'

/** What is asked for the answers about health. */
export interface HealthQuestions {
  /** Rejects, with a reason to show, unless the service can do its work now. */
  ready: () => Promise<void>
  queue: Pick<JobQueue, 'counts'>
  /** Version of this program, for the metrics. */
  version: string
}

export interface HealthRequest extends HealthQuestions {
  /** 0 takes a free one. */
  port: number
}

/** Milliseconds after which something that does not answer counts as not ready. */
const PATIENCE = 3000
/** Milliseconds for which one answer about readiness serves all who ask. */
const FRESH = 2000

/** The paths that are answered. */
export const HEALTH_PATHS = ['/healthz', '/readyz', '/metrics'] as const

/** Serves /healthz, /readyz and /metrics on one port. */
export const startHealthServer = ({ port, ...questions }: HealthRequest): Promise<HttpServer> =>
  startHttpServer(port, [healthRoute(questions)], 'paths: /healthz, /readyz and /metrics')

/** Answers /healthz (the process runs), /readyz (queue and Slack answer) and /metrics (Prometheus). */
export function healthRoute({ ready, queue, version }: HealthQuestions): Route {
  const registry = metricsOf(queue, version)
  const readiness = remembered(() => within(ready()))
  return (request, response) => {
    const respond = (status: number, body: string, type = 'text/plain; charset=utf-8'): void =>
      void response.writeHead(status, { 'content-type': type }).end(body)
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (!HEALTH_PATHS.some((one) => one === path)) return false
    if (request.method !== 'GET' && request.method !== 'HEAD') respond(405, 'GET only\n')
    else if (path === '/healthz') respond(200, 'ok\n')
    else if (path === '/readyz')
      readiness().then(
        () => respond(200, 'ready\n'),
        (error: unknown) => respond(503, `not ready: ${error instanceof Error ? error.message : String(error)}\n`),
      )
    else
      registry.metrics().then(
        (text) => respond(200, text, registry.contentType),
        () => respond(500, 'metrics could not be collected\n'),
      )
    return true
  }
}

function metricsOf(queue: HealthRequest['queue'], version: string): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'mesh_medic_build_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1)
  new Gauge({
    name: 'mesh_medic_unreadable_records',
    help: 'Records that could not be read and were left out, by collection.',
    labelNames: ['collection'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [collection, count] of unreadableRecords()) this.set({ collection }, count)
    },
  })
  new Gauge({
    name: 'mesh_medic_jobs',
    help: 'Jobs in the queue by state.',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      this.reset()
      const counts = await queue.counts().catch(() => ({}))
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count)
    },
  })
  return registry
}

async function within(answer: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE / 1000} s`)), PATIENCE)
  })
  try {
    await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The same question is asked once while its answer is fresh. */
function remembered(ask: () => Promise<void>): () => Promise<void> {
  let last: { at: number; answer: Promise<void> } | undefined
  return () => {
    if (last === undefined || performance.now() - last.at > FRESH) last = { at: performance.now(), answer: ask() }
    return last.answer
  }
}
