import { open } from 'node:fs/promises'
import { planCapture, type AskedCapture } from '../capture/plan.ts'
import type { CaptureReport } from '../capture/capture-report.ts'
import { loadConfig } from '../config.ts'
import { clusterWriter } from '../fixes/writer.ts'
import { capturePackets } from '../leases/capture-packets.ts'
import { noImage } from '../leases/captures/no-image.ts'
import { leaseMinutes, prepareCapture } from '../leases/captures/prepare.ts'
import { requireMinutes, type LeaseRequest } from '../leases/raise.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { askedInTerminal } from './asked-in-terminal.ts'
import { UserError } from '../mesh/user-error.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { holdLease } from './hold-lease.ts'
import { interruptible } from './interruption.ts'
import { remark } from './output.ts'

export interface LiveOptions extends AskedCapture {
  namespace?: string
  context?: string
  /** File that the capture is kept in. */
  write?: string
}

/** The image captures are made with, as configured. @throws UserError when none is */
export function requireImage(image: string | undefined): void {
  if (image === undefined) throw new UserError(noImage('MESH_MEDIC_CONFIG'), { code: 'configuration' })
}

/**
 * Captures packets of one pod as a lease, and explains them; ends at the end of the time, on Ctrl-C and on SIGTERM.
 *
 * @param told shows what came, and answers the exit code
 */
export async function captureLive(
  target: string,
  options: LiveOptions,
  told: (report: CaptureReport) => Promise<number>,
): Promise<number> {
  const query = parseTarget(target, options.namespace)
  const plan = planCapture(options)
  const { leases, captures } = loadConfig(process.env).policy
  requireImage(captures.image?.image)
  const minutes = leaseMinutes(plan)
  requireMinutes(minutes, leases.minutes)
  const { connection, limits } = connectionFor(options.context)
  const controller = interruptible()
  const { signal } = controller
  const clients = openClients(connection, controller)
  const { stepTimeout, concurrency } = limits
  const writer = clusterWriter({ clients, capture: captures.image, ...connection })
  const request = async (id: string): Promise<LeaseRequest> => {
    const { namespace } = captures
    const found = await prepareCapture(
      id,
      query,
      plan,
      { clients, writer, namespace },
      { signal, stepTimeout, concurrency },
    )
    remark(`${found.notes.join('; ')}. Ctrl-C ends it.`)
    return {
      ...askedInTerminal(id, found.target, { text: target, namespace: options.namespace }),
      kind: 'captures',
      settings: found.settings,
      minutes,
      pods: [found.pod],
      notes: found.notes,
    }
  }
  return holdLease({ clients, connection, output: 'text', capture: captures.image }, request, signal, {
    during: (lease) =>
      intoFile(options.write, (keep) => capturePackets({ writer }, lease, plan, keep, signal)).then(told),
  })
}

/** Does something that yields a capture, and keeps that in a file, which nobody else may read. */
async function intoFile(
  path: string | undefined,
  act: (keep: (piece: Uint8Array) => Promise<void>) => Promise<CaptureReport>,
): Promise<CaptureReport> {
  if (path === undefined) return act(() => Promise.resolve())
  await using file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    throw new UserError(
      {
        why:
          code === 'EEXIST'
            ? `${path} is there already: it is not written over.`
            : `${path} cannot be written (${code ?? 'unknown'}).`,
      },
      { cause: error },
    )
  })
  const report = await act(async (piece) => {
    await file.write(piece).catch((error: unknown) => {
      throw writeFailure(path, error)
    })
  })
  remark(`Kept in ${path}, for Wireshark or mesh-medic capture --file.`)
  return report
}

/** Why a capture cannot be kept on: the disk is full, mostly. What was written stays there, and is cut. */
export function writeFailure(path: string, error: unknown): UserError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
  return new UserError(
    {
      why: `The capture could not be written to ${path} (${code}): ${isFull ? 'there is no room left' : 'it was ended'}.`,
      remedies: [
        'What came until then is there, and ends in the middle of a packet: mesh-medic capture --file reads it as far as it goes.',
        ...(isFull ? ['Make room, choose another place, or capture for a shorter time, with --port or --peer.'] : []),
      ],
    },
    { cause: error, code: 'capture-not-written' },
  )
}
