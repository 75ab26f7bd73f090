import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { GATEWAY, REQUEST_ID } from '../timeline/recorded.ts'
import { median, round, timed } from './figures.ts'

const BYTES = 1e9
const TRIES = 3
/** Ids and seconds of the recording; in each copy they are others. */
const NUMBERED = new RegExp(
  String.raw`"ConnectionId":"(\d+)"|"StreamId":"(\d+)"|\[C(\d+)\]|(23:51:30)|${REQUEST_ID}`,
  'g',
)

/** Makes a copy of the recording, by its number: with connections, streams, request ids and seconds of its own. */
function copies(log: string): (copy: number) => string {
  const parts: (string | ((copy: number) => string))[] = []
  let end = 0
  const own = (id: string) => (copy: number) => String(BigInt(id) + BigInt(copy) * 1000n)
  for (const match of log.matchAll(NUMBERED)) {
    parts.push(log.slice(end, match.index))
    end = match.index + match[0].length
    const [, connection, stream, short, second] = match
    const id = connection ?? stream ?? short
    const named =
      connection !== undefined ? ['"ConnectionId":"', '"'] : stream !== undefined ? ['"StreamId":"', '"'] : ['[C', ']']
    if (id !== undefined) {
      const number = own(id)
      parts.push((copy) => `${named[0] ?? ''}${number(copy)}${named[1] ?? ''}`)
    } else if (second !== undefined) parts.push((copy) => new Date(copy * 1000).toISOString().slice(11, 19))
    else parts.push(idOf)
  }
  parts.push(log.slice(end))
  return (copy) => parts.map((part) => (typeof part === 'string' ? part : part(copy))).join('')
}

const idOf = (copy: number): string => copy.toString(16).padStart(8, '0') + REQUEST_ID.slice(8)

async function writeLog(path: string): Promise<number> {
  const copyOf = copies(GATEWAY)
  const file = await open(path, 'w')
  let copy = 0
  try {
    for (let bytes = 0; bytes < BYTES;) {
      const many: string[] = []
      for (let more = 0; more < 64; more += 1) many.push(copyOf((copy += 1)))
      bytes += (await file.write(many.join(''))).bytesWritten
    }
  } finally {
    await file.close()
  }
  return copy
}

/**
 * One request out of a debug log of 1 GB, made of a recorded one with other ids: a request named by its id in its middle, and the latest that failed of all, ÷ the
 * time of `grep -c` for one connection id over the same file. Whole processes, the file in the page cache.
 */
export async function benchTimeline(): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-bench-'))
  const path = join(folder, 'ingress.log')
  try {
    const count = await writeLog(path)
    const middle = Math.floor(count / 2)
    const connection = String(90 + middle * 1000)
    const grep = () => execa('grep', ['-c', `"ConnectionId":"${connection}"`, path], { stdin: 'ignore' })
    const child = (...asked: string[]) =>
      execa(process.execPath, [join(import.meta.dirname, 'timeline-child.ts'), path, ...asked], { stdin: 'ignore' })
    await grep()
    const seconds = { grep: [] as number[], byId: [] as number[], latest: [] as number[] }
    const megabytes: number[] = []
    let failed = 0
    for (let one = 0; one < TRIES; one += 1) {
      seconds.grep.push((await timed(grep)) / 1000)
      for (const [name, asked] of [
        ['byId', [idOf(middle)]],
        ['latest', []],
      ] as const) {
        let stdout = ''
        seconds[name].push((await timed(async () => (stdout = (await child(...asked)).stdout))) / 1000)
        const told = JSON.parse(stdout) as { connection: string; story: number; failed?: number; megabytes: number }
        if (told.story < 4 || (name === 'byId' && told.connection !== connection))
          throw new Error(`not the request that was meant: ${stdout}`)
        megabytes.push(told.megabytes)
        failed = told.failed ?? failed
      }
    }
    if (failed !== count) throw new Error(`${failed} failed requests were counted, there are ${count}`)
    const ratio = (ours: number[]): number => round(median(ours) / median(seconds.grep))
    return {
      gigabytes: round(statSync(path).size / 1e9),
      requests: count,
      grepSeconds: round(median(seconds.grep)),
      byIdSeconds: round(median(seconds.byId)),
      latestFailedSeconds: round(median(seconds.latest)),
      ratio: { byId: ratio(seconds.byId), latestFailed: ratio(seconds.latest) },
      wanted: '<= 8',
      residentMegabytes: round(Math.max(...megabytes)),
      wantedMegabytes: '< 250',
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
