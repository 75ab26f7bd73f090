import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { Identity } from '../fixes/identity.ts'
import { ASK_ONLY, type Policy } from '../fixes/policy.ts'
import { openBackend } from '../queue/open-backend.ts'
import type { Log } from '../queue/log.ts'
import { startBot } from '../bot.ts'
import type { Records } from '../store/records.ts'
import { defined } from '../mesh/defined.ts'
import { isFinished, listRuns } from '../store/runs.ts'
import { recordedMesh } from './recorded-mesh.ts'
import { DEFAULT_PEOPLE } from './slack/defaults.ts'
import { readSelfTest, readSituation, SITUATIONS } from './situations.ts'
import { playLine } from './slack/play-line.ts'
import { startSlackStandIn, type Guide } from './slack/stand-in.ts'
import { showThreads } from './slack/terminal.ts'

/** Milliseconds each recorded answer takes, so that the thread is seen to grow. */
const DELAY = 120
const COMMAND = '/mesh diagnose catalog'
/** The situation that is there at the start. */
const FIRST = 'chapter-10'

export interface DemoRequest {
  input: Readable
  output: Writable
  /** Ends the demo. */
  signal: AbortSignal
  log: Log
  /** Milliseconds each recorded answer takes. Default 120, so that the thread is seen to grow. */
  delay?: number
  /** Seconds that a fix is watched before it is called proved or not. Default 3. */
  proofSeconds?: number
  /** Where its store is; it goes with the demo. Default: a folder of its own. */
  dataFolder?: string
}

const IDENTITIES: Readonly<Record<string, string>> = { U_ONCALL: 'oncall@example.com', U_SECOND: 'second@example.com' }

const identityOf = (user: string): Identity | undefined => {
  const name = IDENTITIES[user]
  return name === undefined ? undefined : { user: name, groups: ['mesh-medic:approvers'] }
}

/** In the demo oncall may raise log levels, and second may approve. */
export const DEMO_POLICY: Policy = {
  ...ASK_ONLY,
  roles: () => ({ operator: { users: ['U_ONCALL'] }, approver: { users: ['U_SECOND'] } }),
  identity: (user) => identityOf(user),
  people: () => Object.keys(IDENTITIES).flatMap((user) => identityOf(user) ?? []),
  proofSeconds: 3,
}

const HOW = [
  '',
  'The demo keeps running. You are @oncall, who may raise log levels; @second may approve. Lines that can be typed here:',
  '  click Propose fix            then  click Approve as second,  and later  click Undo as second',
  '  click Raise log level        then  submit,  or  submit level=trace for="1 minute";  then  click Put back now',
  '  /mesh leases, /mesh audit, /mesh help',
  `  try NAME                     another broken mesh: ${SITUATIONS.map(({ id }) => id).join(', ')}`,
  'On the page the same is done with the mouse; choose who you are at the upper right. Ctrl-C, or the word exit, ends the demo.',
].join('\n')

/** What the page says about the demo. */
const GUIDE: Omit<Guide, 'play'> = {
  title: 'Mesh Medic demo',
  about: [
    'Mesh Medic finds out in Slack why a workload of an Istio mesh fails, and proves it.',
    'This is the real bot; the meshes are recordings, and this page stands in for Slack.',
  ],
  situations: SITUATIONS,
  hints: [
    'Press Propose fix, then switch to @second (at the upper right) and approve it: changing a mesh takes two people.',
    'See the proof that it is fixed, and Undo it.',
    'As @oncall, raise log levels for a few minutes, or ask for something else:',
  ],
  commands: [
    '/mesh follow catalog.istioinaction.io/items --from ingress',
    '/mesh log-level catalog',
    '/mesh leases',
    '/mesh audit',
    '/mesh help',
  ],
}

/** Milliseconds that a thread may take to be told to its end. */
const PATIENCE = 60_000

/**
 * Runs the whole bot on embedded defaults: the Slack stand-in, the embedded store in a folder that goes with the demo, and a recorded mesh.
 * Types one command, shows the thread as it grows, and then does what lines say that come in, until the signal or the word `exit`. Whatever change
 * is written makes the mesh the one that was recorded after it was mended; log levels are kept in memory.
 */
export async function runDemo({ input, output, signal, log, delay = DELAY, ...request }: DemoRequest): Promise<void> {
  const say = (text: string): void => void output.write(`${text}\n`)
  const dataFolder = request.dataFolder ?? (await mkdtemp(join(tmpdir(), 'mesh-medic-demo-')))
  const standIn = await startSlackStandIn({ guide: { ...GUIDE, play: (id, user) => playSituation(id, user) } })
  const backend = await openBackend({ dataFolder, log })
  const mesh = recordedMesh({ ...(await readSituation(FIRST)), selfTest: await readSelfTest(), delay })
  const bot = await startBot({
    backend,
    clients: mesh.clients,
    writer: mesh.writer,
    policy: { ...DEMO_POLICY, ...defined({ proofSeconds: request.proofSeconds }) },
    options: { botToken: standIn.botToken, appToken: standIn.appToken, apiUrl: standIn.url },
    log,
  })
  const playSituation: Guide['play'] = async (id, user) => {
    if (!SITUATIONS.some((one) => one.id === id))
      return { shownError: `There is no situation ${id}, only ${SITUATIONS.map((one) => one.id).join(', ')}.` }
    // What was just pressed may still be telling, a message a second.
    if (!(await untilAnswered(backend.records, signal, PATIENCE)))
      return { shownError: 'Wait until the current work has ended: it reads the mesh that was chosen before.' }
    mesh.become(await readSituation(id))
    return standIn.type(COMMAND, { user })
  }
  const stopShowing = showThreads(standIn, (text) => output.write(text))
  try {
    say(
      `A stand-in for Slack runs at ${standIn.pageUrl} (this machine only); the mesh is a recording, the bot is real.`,
    )
    const play = async (line: string): Promise<void> => {
      say(`\n> ${line}`)
      try {
        const [, situation] = /^try\s+(\S+)$/.exec(line) ?? []
        const { shownError } =
          situation === undefined
            ? await playLine(standIn, DEFAULT_PEOPLE, line).then(() => ({ shownError: undefined }))
            : await playSituation(situation, DEFAULT_PEOPLE[0]?.id ?? '')
        if (shownError !== undefined) say(shownError)
      } catch (error) {
        say(error instanceof Error ? error.message : String(error))
      }
    }
    await play(COMMAND)
    await untilAnswered(backend.records, signal, PATIENCE)
    say(HOW)
    await staying(input, signal, play)
  } finally {
    stopShowing()
    await bot.stop({ graceMilliseconds: 1000 })
    await backend.close()
    await standIn.close()
    await rm(dataFolder, { recursive: true, force: true })
  }
}

/** Waits until everything that was asked is told to its end: what comes after it is to be read after it. False when it is not within so many milliseconds. */
async function untilAnswered(records: Records, signal: AbortSignal, milliseconds: number): Promise<boolean> {
  for (const late = Date.now() + milliseconds; Date.now() < late && !signal.aborted;) {
    const runs = await listRuns(records)
    if (runs.length > 0 && runs.every(isFinished)) return true
    await pause(200)
  }
  return false
}

/** Passes lines on, one after the other, until `exit` or the signal; an input that ends (a pipe) does not end the demo. */
function staying(input: Readable, signal: AbortSignal, play: (line: string) => Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input })
    let last = Promise.resolve()
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
      if (typed === 'exit' || typed === 'quit') void last.then(end)
      else if (typed !== '') last = last.then(() => play(typed))
    })
  })
}
