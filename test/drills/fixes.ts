import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { CHANGE_ANNOTATION } from '../../src/fixes/cluster-writer.ts'
import { readChange, type ChangeRecord } from '../../src/fixes/record.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startSlackStandIn, type Message, type SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { messageLines } from '../../src/sandbox/slack/terminal.ts'
import { readButton } from '../../src/store/buttons.ts'
import { auditEntries, verifyAudit } from '../../src/store/audit.ts'
import { startApiServer, type ApiServer } from '../fixes/api-server.ts'
import { startRedis, type TestRedis } from '../redis-server.ts'
import { rememberingLog } from '../slack/house.ts'

/**
 * Kills the bot (SIGKILL) at a random moment between a click on Approve and the proof, starts it again, and looks: was the change written exactly once, and
 * does the thread say what came of it? `npm run drill:fixes -- --trials 200 --lanes 2`
 */
const { values } = parseArgs({
  options: { trials: { type: 'string', default: '200' }, lanes: { type: 'string', default: '2' } },
})
const [TRIALS, LANES] = [Number(values.trials), Number(values.lanes)]
/** Milliseconds from the click on Approve in which the bot is killed; the proof comes after about two seconds. */
const WINDOW = 2600
const PATIENCE = 60_000
const REF = { kind: 'DestinationRule', namespace: 'istioinaction', name: 'catalog' }
const WHO = { channel: 'C_MESH' }
const SETTLED: readonly ChangeRecord['state'][] = ['proved', 'failed', 'undone', 'superseded']

interface Trial {
  killedAfter: number
  state: string
  written: number
  told: boolean
  clickedAgain: number
  tookSeconds: number
  stateWhenKilled: string
}

class Lane {
  private readonly number: number
  private readonly redis: TestRedis
  private slack!: SlackStandIn
  private api!: ApiServer
  private backend!: Backend
  private bot: ChildProcess | undefined
  private verdict!: Message

  constructor(number: number, redis: TestRedis) {
    this.number = number
    this.redis = redis
  }

  async open(): Promise<void> {
    this.slack = await startSlackStandIn()
    this.api = await startApiServer()
    this.backend = await openBackend({
      redisUrl: this.redis.url,
      prefix: `lane-${this.number}`,
      dataFolder: '/nowhere',
      log: rememberingLog().log,
    })
    await this.start()
    await this.slack.type('/mesh diagnose catalog -n istioinaction', { ...WHO, user: 'U_ONCALL' })
    this.verdict = await this.shown((one) => one.threadTs === undefined && this.read(one).includes('Ill'))
    await this.shown((one) => one.text === 'Proof')
  }

  async close(): Promise<void> {
    await this.kill()
    await this.backend.close()
    await this.slack.close()
    await this.api.stop()
  }

  async audit(): Promise<{ whole: boolean; entries: number; twice: number }> {
    const verdict = await verifyAudit(this.backend.records)
    const seen = new Map<string, number>()
    for (let from = 1; ;) {
      const page = await auditEntries(this.backend.records, { from, limit: 1000 })
      for (const { entry } of page) {
        if (!['fix-approved', 'fix-applied', 'fix-verified'].includes(entry.event)) continue
        const key = `${entry.event} ${String(entry.facts.change)}`
        seen.set(key, (seen.get(key) ?? 0) + 1)
      }
      from += page.length
      if (page.length < 1000) break
    }
    return {
      whole: verdict.ok,
      entries: verdict.ok ? verdict.entries : 0,
      twice: [...seen.values()].filter((times) => times > 1).length,
    }
  }

  async trial(): Promise<Trial> {
    this.api.remove(REF)
    const known = new Set(this.slack.messages().map(({ ts }) => ts))
    await this.slack.click(this.now(this.verdict), 'Propose fix', { ...WHO, user: 'U_ONCALL' })
    const proposal = await this.shown((one) => !known.has(one.ts) && hasButton(one, 'Approve'))
    const id = await this.changeIn(proposal)
    const began = Date.now()
    const killedAfter = Math.round(Math.random() * WINDOW)
    let clickedAgain = 0
    const clicked = this.slack.click(this.now(proposal), 'Approve', { ...WHO, user: 'U_SECOND' }).catch(() => undefined)
    await pause(killedAfter)
    const stateWhenKilled = (await readChange(this.backend.records, id))?.state ?? 'gone'
    await this.kill()
    await clicked
    await this.start()
    // Slack tells a person whose click nobody acknowledged; they click again, as long as there is something to click.
    for (let waited = 0; (await readChange(this.backend.records, id))?.state === 'proposed'; waited += 1) {
      await pause(500)
      if (waited % 6 !== 5) continue
      clickedAgain += 1
      await this.slack.click(this.now(proposal), 'Approve', { ...WHO, user: 'U_SECOND' })
    }
    const change = await this.settled(id)
    const landed = this.api.landed().filter(({ dryRun, body }) => !dryRun && marks(body).includes(id))
    const told = await this.toldOf(change, known).then(
      () => true,
      () => false,
    )
    return {
      killedAfter,
      state: `${change.state}${change.proof === undefined ? '' : ` ${change.proof.outcome}`}`,
      written: landed.length,
      told,
      clickedAgain,
      tookSeconds: (Date.now() - began) / 1000,
      stateWhenKilled,
    }
  }

  /** Waits until the thread says what came of a change, and its proposal has no buttons to decide it with. */
  private async toldOf(change: ChangeRecord, known: ReadonlySet<string>): Promise<void> {
    const words = change.proof?.outcome ?? (change.state === 'failed' ? 'fail' : change.state)
    await this.shown((one) => !known.has(one.ts) && !hasButton(one, 'Approve') && this.read(one).includes(words))
    const end = Date.now() + 10_000
    while (this.slack.messages().some((one) => !known.has(one.ts) && hasButton(one, 'Approve'))) {
      if (Date.now() > end) throw new Error('a decided proposal still has its buttons')
      await pause(100)
    }
  }

  private async settled(id: string): Promise<ChangeRecord> {
    for (const end = Date.now() + PATIENCE; ;) {
      const change = await readChange(this.backend.records, id)
      if (change !== undefined && SETTLED.includes(change.state)) return change
      if (Date.now() > end) throw new Error(`change ${id} does not come to an end: ${JSON.stringify(change?.state)}`)
      await pause(100)
    }
  }

  private async changeIn(message: Message): Promise<string> {
    const value = buttonsOf(message).find(({ label }) => label === 'Approve')?.value ?? ''
    const answer = await readButton(this.backend.records, value)
    if (!answer.ok) throw new Error('the button is unknown')
    return String(answer.button.payload.change)
  }

  private read(message: Message): string {
    return messageLines(message, this.slack.names).join('\n')
  }
  private now(message: Message): Message {
    return this.slack.message(message.channel, message.ts) ?? message
  }
  private async shown(is: (message: Message) => boolean): Promise<Message> {
    return this.slack.waitFor(() => this.slack.messages('C_MESH').find(is), PATIENCE)
  }

  private async start(): Promise<void> {
    const env = {
      ...process.env,
      BOT_REDIS_URL: this.redis.url,
      BOT_PREFIX: `lane-${this.number}`,
      BOT_SLACK_URL: this.slack.url,
      BOT_TOKEN: this.slack.botToken,
      BOT_APP_TOKEN: this.slack.appToken,
      BOT_KUBECONFIG: this.api.kubeconfig,
    }
    this.bot = spawn(process.execPath, [join(import.meta.dirname, 'fixes-child.ts')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(this.bot.stdout!, 'data')
  }
  private async kill(): Promise<void> {
    const { bot } = this
    if (bot?.exitCode !== null || bot.signalCode !== null) return
    const gone = once(bot, 'exit')
    bot.kill('SIGKILL')
    await gone
  }
}

interface Button {
  label: string
  value: string
}
const buttonsOf = (message: Message): Button[] =>
  (message.blocks as unknown as { type: string; elements?: { text?: { text?: string }; value?: string }[] }[])
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements = [] }) =>
      elements.map(({ text, value }) => ({ label: text?.text ?? '', value: value ?? '' })),
    )
const hasButton = (message: Message, label: string): boolean =>
  buttonsOf(message).some((button) => button.label === label)
const marks = (body: Record<string, unknown>): string[] => {
  const { annotations = {} } = (body.metadata ?? {}) as { annotations?: Record<string, string> }
  return [annotations[CHANGE_ANNOTATION] ?? '']
}

const redis = await startRedis({ appendOnly: true })
process.once('exit', () => void redis.kill())
const lanes = Array.from({ length: LANES }, (_, number) => new Lane(number, redis))
const trials: Trial[] = []
let left = TRIALS
const failures: string[] = []
await Promise.all(
  lanes.map(async (lane) => {
    await lane.open()
    while (left > 0) {
      left -= 1
      try {
        const trial = await lane.trial()
        trials.push(trial)
        if (trial.written !== 1 || !trial.told) failures.push(JSON.stringify(trial))
      } catch (error) {
        failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
      }
      if ((trials.length + failures.length) % 10 === 0)
        process.stderr.write(`${trials.length} trials, ${failures.length} failures\n`)
    }
  }),
)
const audits = await Promise.all(lanes.map((lane) => lane.audit()))
await Promise.all(lanes.map((lane) => lane.close()))
await redis.stop()

const tally = (of: (trial: Trial) => string): string =>
  [...Map.groupBy(trials, of)]
    .map(([what, ones]) => `${what}: ${ones.length}`)
    .toSorted()
    .join(', ')
process.stdout.write(
  [
    `${trials.length} trials with the bot killed 0 to ${WINDOW} ms after the click on Approve`,
    `killed while the change was   ${tally(({ stateWhenKilled }) => stateWhenKilled)}`,
    `ended as                      ${tally(({ state }) => state)}`,
    `written                       ${tally(({ written }) => `${written} times`)}`,
    `told in the thread            ${trials.filter(({ told }) => told).length}`,
    `clicked again by the person   ${trials.filter(({ clickedAgain }) => clickedAgain > 0).length}`,
    `audit chains whole            ${audits.filter(({ whole }) => whole).length} of ${audits.length}, ${audits.reduce((sum, { entries }) => sum + entries, 0)} entries, ${audits.reduce((sum, { twice }) => sum + twice, 0)} events twice`,
    `longest                       ${Math.max(0, ...trials.map(({ tookSeconds }) => tookSeconds)).toFixed(1)} s from the click to the end`,
    `FAILURES                      ${failures.length}`,
    ...failures,
    '',
  ].join('\n'),
)
process.exit(failures.length === 0 && trials.length === TRIALS && audits.every(({ whole }) => whole) ? 0 : 1)
