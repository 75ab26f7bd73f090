import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { captureName } from '../../src/fixes/capture-pod.ts'
import type { CaptureWriter } from '../../src/fixes/capturing.ts'
import { recordedCapture } from '../capture/recorded.ts'

/**
 * Containers that are added to pods, and tcpdump in them, as processes of their own: they outlive whoever started them, and end by themselves after their time. A
 * file says that one was made, with its process; it stays there, as a name in a pod's specification does.
 */
const CONTAINER = 'echo $$ > "$1.making" && mv "$1.making" "$1" && exec sleep "$2"'
/** Captures for some seconds, then writes what it has. */
const TCPDUMP = 'echo $$ > "$1"; sleep "$2"; cat "$3"'

const placeOf = (folder: string, pod: string): string => join(folder, 'pods', pod, 'captures')

/** True for a process that runs; one that has ended and that nobody has asked about does not. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

const pidIn = (file: string): number => Number(readFileSync(file, 'utf8'))

/** The containers that were added to a pod, and whether they run. */
export function addedTo(folder: string, pod: string): { name: string; isRunning: boolean }[] {
  const place = placeOf(folder, pod)
  if (!existsSync(place)) return []
  return readdirSync(place)
    .filter((name) => !name.includes('.'))
    .map((name) => ({ name, isRunning: runs(pidIn(join(place, name))) }))
}

/** Processes of captures that run, in any pod that is there. */
export const capturing = (folder: string): number[] =>
  readdirSync(join(folder, 'pods')).flatMap((pod) => {
    const place = placeOf(folder, pod)
    if (!existsSync(place)) return []
    return readdirSync(place)
      .filter((name) => !name.endsWith('.making'))
      .map((name) => pidIn(join(place, name)))
      .filter(runs)
  })

/** Ends what runs in a pod, as the end of the pod does; or in one of its containers. */
export function endProcesses(folder: string, pod: string, container = ''): void {
  const place = placeOf(folder, pod)
  if (!existsSync(place)) return
  for (const name of readdirSync(place).filter((one) => one.startsWith(container) && !one.endsWith('.making')))
    try {
      process.kill(-pidIn(join(place, name)), 'SIGKILL')
    } catch {
      // It has ended.
    }
}

/** The writer of captures of that mesh. */
export function captureWriter(folder: string): CaptureWriter {
  const capture = join(folder, 'capture.pcap')
  if (!existsSync(capture)) writeFileSync(capture, recordedCapture('slow-pod-lo'))
  const requirePod = (name: string): void => {
    if (!existsSync(join(folder, 'pods', name))) throw new UnseenError('unavailable', `Pod ${name} is gone`)
  }
  const start = (script: string, ...args: string[]): Readable => {
    const child = spawn('sh', ['-c', script, 'sh', ...args], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
    child.on('error', () => undefined)
    child.unref()
    return child.stdout
  }
  return {
    refusesCapture: (_lease, pod) =>
      Promise.resolve().then(() => {
        requirePod(pod.name)
        return undefined
      }),
    async startCapture({ lease }, pod, { seconds }, signal) {
      requirePod(pod.name)
      mkdirSync(placeOf(folder, pod.name), { recursive: true })
      const file = join(placeOf(folder, pod.name), captureName(lease))
      if (!existsSync(file)) start(CONTAINER, file, String(seconds))
      for (let tries = 0; !existsSync(file); tries += 1) {
        requirePod(pod.name)
        if (tries > 100) throw new UnseenError('timeout', 'its container did not start')
        await pause(20, undefined, { signal })
      }
      // As long as an image takes.
      await pause(300, undefined, { signal })
      return undefined
    },
    capturePackets: ({ lease }, pod, _wanted, { seconds }) =>
      Promise.resolve().then(() => {
        requirePod(pod.name)
        const file = join(placeOf(folder, pod.name), `${captureName(lease)}.tcpdump-${Date.now()}`)
        const output = start(TCPDUMP, file, String(seconds), capture)
        const ended = new Promise<{ said: string; exitCode: number }>((resolve) => {
          output.on('close', () => resolve({ said: '133 packets captured', exitCode: 0 }))
        })
        return { output, ended, close: () => endProcesses(folder, pod.name, captureName(lease)) }
      }),
    async endCapture({ lease }, pod) {
      endProcesses(folder, pod.name, captureName(lease))
      for (
        let tries = 0;
        addedTo(folder, pod.name).some((one) => one.name === captureName(lease) && one.isRunning);
        tries += 1
      ) {
        if (tries > 100) throw new UnseenError('unavailable', 'it still runs')
        await pause(20)
      }
    },
  }
}
