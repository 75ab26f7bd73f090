import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { parseRecording, replayClients } from '../evidence/clients/recording.ts'
import { openBackend } from '../jobs/backend.ts'
import type { Log } from '../jobs/log.ts'
import { connectSlack } from '../slack/connect.ts'
import { startSlackStandIn } from './slack/stand-in.ts'
import { showThreads } from './slack/terminal.ts'

/** The recorded mesh of the demo: routes to subsets that no DestinationRule defines. */
const RECORDING = join(import.meta.dirname, '..', '..', 'test', 'scenarios', 'chapter-10', 'ill', 'recording.json')
/** Milliseconds each recorded answer takes, so that the thread is seen to grow. */
const DELAY = 120
const COMMAND = '/mesh diagnose catalog'

export interface DemoRequest {
  input: Readable
  output: Writable
  /** Ends the demo. */
  signal: AbortSignal
  log: Log
  /** Another recording than chapter 10. */
  recording?: string
}

/**
 * Runs the whole bot on embedded defaults: the Slack stand-in, the embedded store in a folder that goes with the demo, and a recorded mesh.
 * Types one command, shows the thread as it grows, and then types whatever lines come in, until the signal or the word `exit`.
 */
export async function runDemo({ input, output, signal, log, recording = RECORDING }: DemoRequest): Promise<void> {
  const say = (text: string): void => void output.write(`${text}\n`)
  const dataFolder = await mkdtemp(join(tmpdir(), 'mesh-medic-demo-'))
  const standIn = await startSlackStandIn()
  const backend = await openBackend({ dataFolder, log })
  const clients = replayClients(parseRecording(await readFile(recording, 'utf8')), { delay: DELAY })
  const connection = await connectSlack({ backend, clients, options: { botToken: standIn.botToken, appToken: standIn.appToken, apiUrl: standIn.url }, log })
  const stopShowing = showThreads(standIn, (text) => output.write(text))
  try {
    say(`A stand-in for Slack is at ${standIn.pageUrl} (this machine only); the mesh is a recording, the bot is the real one.`)
    const type = async (line: string): Promise<void> => {
      say(`\n@oncall> ${line}`)
      await standIn.type(line)
    }
    await type(COMMAND)
    await standIn.waitFor(() => standIn.messages().some(({ text }) => /Ill|Healthy|Unclear|failed/.test(text)), 60_000).catch(() => undefined)
    say('\nThe demo stays: type /mesh commands here (/mesh help), or open the page. Ctrl-C, or the word exit, ends it.')
    await staying(input, signal, type)
  } finally {
    stopShowing()
    await connection.stop({ graceMilliseconds: 1000 })
    await backend.close()
    await standIn.close()
    await rm(dataFolder, { recursive: true, force: true })
  }
}

/** Passes lines on until `exit` or the signal; an input that ends (a pipe) does not end the demo. */
function staying(input: Readable, signal: AbortSignal, type: (line: string) => Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input })
    const keepAlive = setInterval(() => undefined, 60_000)
    const end = (): void => {
      clearInterval(keepAlive)
      lines.close()
      resolve()
    }
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
    lines.on('line', (line) => {
      const typed = line.trim()
      if (typed === 'exit') end()
      else if (typed !== '') void type(typed.startsWith('/') ? typed : `/mesh ${typed}`)
    })
  })
}
