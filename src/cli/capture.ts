import { open } from 'node:fs/promises'
import { explain, type CaptureReport } from '../capture/capture-report.ts'
import { filterOf } from '../capture/plan.ts'
import { nothingIn } from '../capture/nothing-in.ts'
import { onlySome } from '../capture/only.ts'
import { CaptureReading, type Capture } from '../capture/read-capture.ts'
import { UserError } from '../mesh/user-error.ts'
import { captureText } from '../report/capture-text.ts'
import { EXIT } from './exit-codes.ts'
import type { LiveOptions } from './capture-live.ts'
import { answer } from './output.ts'

export interface CaptureOptions extends LiveOptions {
  file?: string
  verbose?: boolean
  output: 'text' | 'json'
}

/** Bytes that are read at a time. */
const PIECE = 1 << 20
/** Streams in the table, unless all are asked for. */
const MOST_ROWS = 20

/** `mesh-medic capture`: explains a packet capture on standard output; answers 0 when nothing failed in it, 2 when something did, 3 when that can't be told. */
export async function capture(target: string | undefined, options: CaptureOptions): Promise<number> {
  const { file, verbose, output } = options
  const told = async (report: CaptureReport): Promise<number> => {
    await answer(
      output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : captureText(report, { isVerbose: verbose === true }),
    )
    return exitCodeOf(report)
  }
  if (target !== undefined && file === undefined)
    return (await import('./capture-live.ts')).captureLive(target, options, told)
  if (file === undefined || target !== undefined)
    throw new UserError({
      why: file === undefined ? 'Which capture?' : 'A target and a file: one or the other.',
      remedies: ['Name a file (--file x.pcap, or - for standard input), or a target whose packets are to be captured.'],
      commands: ['mesh-medic capture --file x.pcap', 'mesh-medic capture deploy/catalog -n shop --port 3000 --for 30s'],
    })
  requireOfFile(options)
  const { capture: some, only } = onlySome(await readCapture(file), options)
  return told(explain(some, { only, ...(verbose !== true && output !== 'json' && { most: MOST_ROWS }) }))
}

/** Reads a capture: a file, or standard input for `-`. @throws UserError */
export async function readCapture(file: string): Promise<Capture> {
  const reading = new CaptureReading()
  for await (const piece of piecesOf(file)) reading.push(piece)
  return reading.end()
}

/** What only says how packets are captured says nothing of a file: it is refused, not ignored. @throws UserError */
function requireOfFile(options: CaptureOptions): void {
  filterOf(options)
  const { interface: on, for: seconds, payload, write, namespace, context } = options
  const given = Object.entries({
    '--interface': on,
    '--for': seconds,
    '--payload': payload,
    '--write': write,
    '--namespace': namespace,
    '--context': context,
  }).flatMap(([flag, value]) => (value === undefined ? [] : [flag]))
  if (given.length > 0)
    throw new UserError({
      why: `${given.join(', ')} ${given.length === 1 ? 'says' : 'say'} how packets are captured, and a file is captured already.`,
      remedies: ['Of a file, --port, --peer and --filter choose the streams that are explained.'],
      commands: ['mesh-medic capture --file x.pcap --port 3000'],
    })
}

function exitCodeOf(report: CaptureReport): number {
  if (report.findings.some(({ severity }) => severity === 'error')) return EXIT.ill
  return nothingIn(report) === undefined && report.limits.length === 0 ? EXIT.healthy : EXIT.unclear
}

/** The bytes of a file, each piece in the place of the one before. */
async function* piecesOf(file: string): AsyncGenerator<Uint8Array> {
  if (file === '-') {
    yield* process.stdin as AsyncIterable<Uint8Array>
    return
  }
  try {
    await using handle = await open(file)
    const piece = Buffer.allocUnsafe(PIECE)
    for (;;) {
      const { bytesRead } = await handle.read(piece, 0, PIECE, null)
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'it may not be read'
          : code === 'EISDIR'
            ? 'it is a directory'
            : undefined
    if (why === undefined) throw error
    throw new UserError({ why: `${file}: ${why}.` }, { cause: error })
  }
}
