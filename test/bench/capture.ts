import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { CaptureReading } from '../../src/capture/read-capture.ts'
import { joined, pcap } from '../capture/packets.ts'
import { recordedCapture, RECORDED } from '../capture/recorded.ts'
import { synthesise } from '../capture/synthesise.ts'
import { tsharkFirstCloses, type FirstCloses } from '../capture/tshark.ts'
import { median, round, timed } from './figures.ts'

const MEGABYTES = 200
const PAIRS = 3
const SYNTHESISED = 1000

const blockOf = (seed: number) => ({ high: (seed >> 8) & 0xff, low: seed & 0xff })

/** A capture of about that size: synthesised ones after each other. */
function writeBig(file: string, megabytes: number): void {
  writeFileSync(file, pcap([]))
  for (let seed = 0; statSync(file).size < megabytes * 1e6; seed += 100) {
    const parts = Array.from({ length: 100 }, (_, index) =>
      pcap(
        synthesise(seed + index, blockOf(seed + index)).map((sent) => ({ ...sent, at: sent.at + (seed + index) * 10 })),
      ).subarray(24),
    )
    appendFileSync(file, joined(parts))
  }
}

function ourFirstCloses(file: string): FirstCloses {
  const reading = new CaptureReading()
  reading.push(readFileSync(file))
  return new Map(
    reading
      .end()
      .streams.flatMap(({ id, firstClose, addresses, ports }) =>
        firstClose === undefined
          ? []
          : [[id, `${addresses[firstClose.by].text}:${ports[firstClose.by]} ${firstClose.kind}`] as const],
      ),
  )
}

/** Who closed each stream first, ours against tshark's: how many streams, and which differ. */
async function compared(file: string): Promise<{ streams: number; differ: number }> {
  const [theirs, ours] = [await tsharkFirstCloses(file), ourFirstCloses(file)]
  const all = new Set([...theirs.keys(), ...ours.keys()])
  return { streams: all.size, differ: [...all].filter((id) => theirs.get(id) !== ours.get(id)).length }
}

/**
 * A whole `mesh-medic capture --file` of 200 MB against `tshark -q -z conv,tcp` over the same file, and whether both say the same of who closed each
 * stream first, on recorded captures and on 1,000 synthesised ones. Needs tshark (or TSHARK, its path).
 */
export async function benchCapture(): Promise<Record<string, unknown>> {
  const tshark = process.env.TSHARK ?? 'tshark'
  const { failed } = await execa(tshark, ['--version'], { reject: false })
  if (failed) return { skipped: 'no tshark' }
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-bench-'))
  try {
    const some = join(folder, 'synthesised.pcap')
    const all = Array.from({ length: SYNTHESISED }, (_, seed) => synthesise(seed, blockOf(seed))).flat()
    writeFileSync(some, pcap(all.toSorted((a, b) => a.at - b.at)))
    const verdicts: Record<string, unknown> = { synthesised: { captures: SYNTHESISED, ...(await compared(some)) } }
    for (const name of RECORDED) {
      const file = join(folder, `${name}.pcap`)
      writeFileSync(file, recordedCapture(name))
      verdicts[name] = await compared(file)
    }

    const big = join(folder, 'big.pcap')
    writeBig(big, MEGABYTES)
    const out = { stdin: 'ignore', stdout: { file: join(folder, 'printed') }, stderr: 'ignore', reject: false } as const
    const cli = join(import.meta.dirname, '../../src/cli.ts')
    const ours: number[] = []
    const theirs: number[] = []
    for (let pair = 0; pair < PAIRS; pair += 1) {
      ours.push(await timed(() => execa(process.execPath, [cli, 'capture', '--file', big], out)))
      theirs.push(await timed(() => execa(tshark, ['-r', big, '-q', '-z', 'conv,tcp'], out)))
    }
    const ratios = theirs.map((one, index) => one / (ours[index] ?? 1))
    return {
      megabytes: round(statSync(big).size / 1e6),
      pairs: PAIRS,
      milliseconds: Math.round(median(ours)),
      tsharkMilliseconds: Math.round(median(theirs)),
      timesFaster: { median: round(median(ratios)), min: round(Math.min(...ratios)), max: round(Math.max(...ratios)) },
      wanted: '>= 5',
      firstCloses: verdicts,
      wantedDiffer: 0,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
