import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { parseFollow } from '../../src/diagnosis/follow/question.ts'
import { follow } from '../../src/diagnosis/follow.ts'
import { replayClients, type Recording } from '../../src/evidence/clients/recording.ts'
import { UserError } from '../../src/mesh/user-error.ts'
import { reportMarkdown } from '../../src/report/markdown.ts'
import { reportText } from '../../src/report/text.ts'
import { answerOf, typedFields } from '../evidence/typed-fields.ts'
import { recordingOf } from '../replay.ts'
import { parseAsk, readSituation } from '../situation.ts'

/** Numbers below 1 that are always the same for a seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const OTHERS: readonly unknown[] = [null, 7, -1, 'odd', '', true, [], {}, [null], ['odd'], [[]], { odd: 1 }, [7]]

type Holder = Record<string, unknown>

/** One field of an answer with another type, or without it. */
function mutated(json: unknown, next: () => number): { json: unknown; where: string } {
  const copy = { root: structuredClone(json) } as Holder
  let holder: Holder = copy
  let key = 'root'
  const path: string[] = []
  // Deeper fields are many; each depth is as likely.
  for (let depth = 1 + Math.floor(next() * 12); depth > 0; depth -= 1) {
    const inner = holder[key]
    if (typeof inner !== 'object' || inner === null) break
    const keys = Object.keys(inner)
    const chosen = keys[Math.floor(next() * keys.length)]
    if (chosen === undefined) break
    holder = inner as Holder
    key = chosen
    path.push(key)
  }
  const other = OTHERS[Math.floor(next() * (OTHERS.length + 1))]
  if (other === undefined && !Array.isArray(holder)) Reflect.deleteProperty(holder, key)
  else holder[key] = other ?? null
  return { json: copy.root, where: `${path.join('.')} = ${other === undefined ? 'missing' : JSON.stringify(other)}` }
}

/** A recording of which one to three answers are wrong. */
function withWrongField(recording: Recording, seed: number): { recording: Recording; where: string } {
  const next = numbers(seed)
  const calls = [...recording.calls]
  const told: string[] = []
  for (let times = 1 + Math.floor(next() * 3); times > 0; times -= 1) {
    const of = calls.flatMap(({ json, call }, at) =>
      json !== undefined && !call.startsWith('proxy changed') ? [at] : [],
    )
    const at = of[Math.floor(next() * of.length)] ?? 0
    const call = calls[at]
    if (call === undefined) continue
    const { json, where } = mutated(call.json, next)
    calls[at] = { ...call, json }
    told.push(`${call.call}: ${where}`)
  }
  return { recording: { ...recording, calls }, where: told.join('; ') }
}

const TRIES = Number(process.env.WRONG_SHAPES ?? 40)

describe('an answer whose fields have other types', () => {
  it.each(['chapter-10/ill', 'chapter-10/mended', 'token-issuer/ill', 'route-method/ill'])(
    'never fails the diagnosis of %s',
    async (from) => {
      const [name = ''] = from.split('/')
      const failed: string[] = []
      for (let seed = 0; seed < TRIES; seed += 1) {
        const { recording, where } = withWrongField(recordingOf(from), seed)
        try {
          const clients = replayClients(recording, { shared: true })
          const report = await examine(parseAsk(readSituation(name).ask), clients, CHECKS)
          reportText(CHECKS, report, { verbose: true })
          reportMarkdown(CHECKS, report)
        } catch (error) {
          // The target itself may be what cannot be read.
          if (!(error instanceof UserError))
            failed.push(`${where}\n   ${(error as Error).stack?.split('\n').slice(0, 3).join('\n') ?? ''}`)
        }
      }
      expect(failed).toEqual([])
    },
    120_000,
  )

  it('never fails a request that is followed', async () => {
    const question = parseFollow('catalog.istioinaction.io/items', {})
    const failed: string[] = []
    for (let seed = 0; seed < TRIES; seed += 1) {
      const { recording, where } = withWrongField(recordingOf('chapter-10/ill'), seed)
      try {
        await follow(question, replayClients(recording, { shared: true }))
      } catch (error) {
        if (!(error instanceof UserError))
          failed.push(`${where}\n   ${(error as Error).stack?.split('\n').slice(0, 3).join('\n') ?? ''}`)
      }
    }
    expect(failed).toEqual([])
  })

  it('makes that reading unparsable and no other, whichever field it is', async () => {
    const recording = recordingOf('chapter-10/mended')
    const ask = parseAsk(readSituation('chapter-10').ask)
    const tried = new Set<string>()
    const odd: string[] = []
    for (const [at, call] of recording.calls.entries()) {
      const answer = answerOf(call.call)
      if (answer === undefined || call.json === undefined) continue
      // istioctl prints one document for each istiod.
      const isMany = answer === 'proxy-status'
      const root = structuredClone(isMany ? [call.json] : call.json) as unknown[]
      for (const { path, holder, key, others } of typedFields(answer, root)) {
        if (tried.has(path)) continue
        tried.add(path)
        const was = holder[key]
        holder[key] = others[tried.size % others.length]
        const json = structuredClone(isMany ? root[0] : root)
        const clients = replayClients(
          { ...recording, calls: recording.calls.with(at, { ...call, json }) },
          { shared: true },
        )
        const { verdict, readings } = await examine(ask, clients, CHECKS)
        const unparsable = new Set(
          readings.flatMap((one) => (!one.ok && one.reason === 'unparsable' ? [one.kind] : [])),
        )
        if (verdict !== 'unclear' || [...unparsable].join() !== answer)
          odd.push(`${path}: ${verdict}, unparsable: ${[...unparsable].join()}`)
        holder[key] = was
      }
    }
    expect(tried.size).toBeGreaterThan(400)
    expect(odd).toEqual([])
  }, 300_000)

  it('is as if it could not be read: the rest goes on, and nothing is called healthy', async () => {
    const recording = recordingOf('chapter-10/mended')
    const calls = recording.calls.map((call) => {
      if (!call.call.startsWith('kubernetes list gateways.v1.networking')) return call
      const [gateway, ...more] = structuredClone(call.json) as { spec: { servers: { hosts: unknown[] }[] } }[]
      gateway?.spec.servers[0]?.hosts.splice(0, 1, { odd: 1 })
      return { ...call, json: [gateway, ...more] }
    })
    const clients = replayClients({ ...recording, calls }, { shared: true })
    const { verdict, readings } = await examine(parseAsk(readSituation('chapter-10').ask), clients, CHECKS)
    expect(verdict).toBe('unclear')
    const blind = readings.filter((reading) => !reading.ok && reading.reason === 'unparsable')
    expect(blind.map(({ kind }) => kind)).toEqual(['gateways'])
  })
})
