/** Reads an access log out of a file; prints what it found, milliseconds and megabytes. Started by logs.ts, so that memory is this process's own. */
import { createReadStream } from 'node:fs'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { searchLines } from '../../src/evidence/clients/log-search.ts'
import { accessLogSince } from '../../src/evidence/collectors/access-log.ts'
import { look } from '../../src/evidence/gather.ts'
import { watchTurns } from './turns.ts'

/** `found`: requests answered 504; `blocked`: the longest time between two turns of the event loop. */
export interface Measured {
  found: number
  milliseconds: number
  resident: number
  blocked: number
}

const [how = '', file = ''] = process.argv.slice(2)
const sinceTime = '2026-11-30T11:45:00Z'
/** No limit ends it: the whole log is read. */
const limits = { bytes: Infinity, milliseconds: Infinity }

/** What lines about the target hold. */
const TEXTS = ['catalog', '10.96.0.17', '10.244.0.17', '10.244.0.18', '10.244.0.19']

/** As a diagnosis reads a gateway's log for one target, or the target's own, of which every line matters. */
async function read(texts: readonly string[]): Promise<number> {
  const clients = {
    kubernetes: {
      search: (_: unknown, __: unknown, search: Parameters<typeof searchLines>[1]) =>
        searchLines(createReadStream(file), { ...search, limits: { ...search.limits, ...limits } }),
    },
    now: () => new Date('2026-11-30T12:00:00Z'),
  } as unknown as Clients
  const step = accessLogSince({ kind: 'Pod', namespace: 'istio-system', name: 'gateway' }, { sinceTime, texts })
  const reading = await look(step, clients, { stepTimeout: 600_000 })
  if (!reading.ok || reading.kind !== 'access-log') throw new Error('the log was not read')
  return reading.value.lines.filter(({ code }) => code === 504).length
}

const turns = watchTurns()
const began = performance.now()
const found = await read(how === 'all' ? [] : TEXTS)
const measured: Measured = {
  found,
  milliseconds: performance.now() - began,
  resident: (process.resourceUsage().maxRSS * 1024) / 1e6,
  blocked: turns.end(),
}
console.log(JSON.stringify(measured))
