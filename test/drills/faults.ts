/**
 * npm run drill:faults -- --every 1 --lanes 4 --store redis --only slack --fault 429 --from 1
 *
 * Lets the nth outside call fail, for n = 1, 2, 3 … over a whole diagnosis, proposal, approval, undo, lease and its return, on a recorded mesh: of Kubernetes, istioctl,
 * Slack and the store, by all the ways in which each fails: in turn, or with `--whole` each of them by each, or by one with `--fault`. After the fault a person tries again what did not work. Each trial must end with
 * every run over, no message that goes on for ever, nothing posted twice, nothing written that nobody approved, nothing left raised, and the audit whole. Ends with
 * 1 when one does not.
 */
import { parseArgs } from 'node:util'
import { setTimeout as pause } from 'node:timers/promises'
import { startBot, type Bot } from '../../src/bot.ts'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { ASK_ONLY, type Policy } from '../../src/fixes/policy.ts'
import { listChanges, type ChangeState } from '../../src/fixes/record.ts'
import { WriteError, type ClusterWriter } from '../../src/fixes/cluster-writer.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { listLeases } from '../../src/leases/lease-record.ts'
import { embeddedBackend } from '../../src/queue/embedded-backend.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { recordedMesh, type RecordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import { startSlackStandIn, type Message, type SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { verifyAudit } from '../../src/store/audit.ts'
import { listReceived } from '../../src/store/received.ts'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import { isFinished, listRuns } from '../../src/store/runs.ts'
import { startRedis, type TestRedis } from '../redis-server.ts'
import { recordingOf } from '../replay.ts'
import { rememberingLog, type Logged } from '../slack/house.ts'
import { shownIn } from '../slack/texts.ts'
import { emptyDatabase } from '../store/empty-database.ts'
import { PGlite } from '@electric-sql/pglite'
import { FaultProxy, HTTP_FAULTS, type HttpFault } from './fault-proxy.ts'

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    most: { type: 'string', default: '100000' },
    lanes: { type: 'string', default: '4' },
    store: { type: 'string', default: 'pglite' },
    only: { type: 'string' },
    fault: { type: 'string' },
    whole: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})

/** Milliseconds after which something does not come any more. Long, because it only ends what hangs: a machine may be busy with something else. */
const PATIENCE = 600_000
/** How often a person tries again: once for the fault, and as a busy machine is slow to acknowledge. */
const MOST_ATTEMPTS = 9
/** Milliseconds before a person tries again, longer each time. */
const SECOND_THOUGHT = 500
const CHANNEL = 'C_MESH'
const POD = 'catalog-55d5974664-rw6ts'

const MESH_FAULTS = ['timeout', '403', '404', '409', '429', '500', 'cut', 'garbage'] as const
const STORE_FAULTS = ['refused', 'lost', 'late'] as const
type MeshFault = (typeof MESH_FAULTS)[number]
type StoreFault = (typeof STORE_FAULTS)[number]

/** What is asked from outside. */
const SIDES = {
  kubernetes: MESH_FAULTS,
  istioctl: MESH_FAULTS,
  writer: MESH_FAULTS,
  slack: HTTP_FAULTS,
  store: STORE_FAULTS,
} as const
type Side = keyof typeof SIDES

/** Counts calls to one side; the nth goes wrong. */
class Counter<F extends string> {
  calls = 0
  hit: string | undefined
  private readonly nth: number
  private readonly fault: F
  private readonly isMeant: boolean
  constructor(isMeant: boolean, nth: number, fault: F) {
    this.isMeant = isMeant
    this.nth = nth
    this.fault = fault
  }
  next(what: string): F | undefined {
    if (!this.isMeant) return undefined
    this.calls += 1
    if (this.calls !== this.nth) return undefined
    this.hit = what
    return this.fault
  }
}

/** As the clients of a mesh fail: what they throw for each way. */
function unseen(fault: MeshFault): UnseenError | SyntaxError {
  if (fault === 'timeout') return new UnseenError('timeout', 'it did not answer in time')
  if (fault === '403') return new UnseenError('forbidden', 'it is forbidden')
  if (fault === 'garbage') return new UnseenError('unparsable', 'it answered something that is not JSON')
  return new UnseenError('unavailable', fault === 'cut' ? 'it could not be reached' : `it answered ${fault}`)
}

/** As the writer fails. */
function unwritten(fault: MeshFault): WriteError {
  if (fault === '403') return new WriteError('forbidden', 'it is forbidden')
  if (fault === '404') return new WriteError('moved', 'it is gone')
  if (fault === '409')
    return new WriteError('conflict', 'others own it', { conflicts: [{ manager: 'kubectl', fields: ['.spec'] }] })
  if (fault === '500') return new WriteError('refused', 'a webhook says no')
  return new WriteError('unavailable', 'nothing is known of it', { sent: fault === 'cut' || fault === 'timeout' })
}

const IDENTITIES: Readonly<Record<string, string>> = { U_ONCALL: 'oncall@example.com', U_SECOND: 'second@example.com' }
const POLICY: Policy = {
  ...ASK_ONLY,
  roles: () => ({ operator: { users: ['U_ONCALL'] }, approver: { users: ['U_SECOND'] } }),
  identity(user) {
    const name = IDENTITIES[user]
    return name === undefined ? undefined : { user: name, groups: ['mesh-medic:approvers'] }
  },
  proofSeconds: 0.2,
}

/** States of a change that somebody still works on. */
const GOING_ON: ReadonlySet<ChangeState> = new Set(['approved', 'applying', 'applied', 'undoing'])

/** Records that are read until the store answers: a busy machine may keep it, and that is none of the trial. */
function patiently(records: Records): Records {
  const again =
    <A extends unknown[], R>(ask: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      for (;;) {
        try {
          return await ask(...args)
        } catch (error) {
          if (!(error instanceof StoreUnavailableError)) throw error
          await pause(100)
        }
      }
    }
  return {
    ...records,
    list: again((collection) => records.list(collection)),
    entries: again((stream) => records.entries(stream)),
    lastEntry: again((stream) => records.lastEntry(stream)),
    read: again((collection, id) => records.read(collection, id)),
  }
}

/** One trial: a bot, a Slack and a mesh of their own, with one fault. */
class Trial {
  readonly counter: Counter<string>
  private readonly side: Side
  private slack!: SlackStandIn
  private proxy!: FaultProxy
  private backend!: Backend
  private bot!: Bot
  private mesh!: RecordedMesh
  private logged!: Logged[]
  private readonly writes: string[] = []
  private readonly shown: string[] = []
  private approvals = 0
  private again = 0
  private readonly store: Backend
  /** What the trial itself asks of the store. */
  private readonly records: Records

  constructor(side: Side, nth: number, fault: string, store: Backend) {
    this.side = side
    this.counter = new Counter<string>(true, nth, fault)
    this.store = store
    this.records = patiently(store.records)
  }

  private next(side: Side, what: string): string | undefined {
    return side === this.side ? this.counter.next(what) : undefined
  }

  async open(): Promise<void> {
    this.slack = await startSlackStandIn()
    this.proxy = new FaultProxy(this.slack.url)
    const apiUrl = await this.proxy.start()
    this.backend = this.failing(this.store)
    this.mesh = recordedMesh({ ill: recordingOf('chapter-10/ill'), mended: recordingOf('chapter-10/mended') })
    const { log, logged } = rememberingLog()
    this.logged = logged
    this.bot = await startBot({
      backend: this.backend,
      clients: this.clients(),
      writer: this.writer(),
      policy: POLICY,
      checks: [missingSubset],
      log,
      options: {
        botToken: this.slack.botToken,
        appToken: this.slack.appToken,
        apiUrl,
        updateEvery: 20,
        cancelPoll: 50,
        postEvery: 0,
        heardWithin: 600_000,
        pauses: [20, 50, 100, 200],
        stepTimeout: PATIENCE,
      },
    })
    this.proxy.next = () => this.next('slack', 'a call to Slack') as HttpFault | undefined
  }

  async close(): Promise<void> {
    await this.bot.stop({ graceMilliseconds: 500 }).catch(() => undefined)
    await this.proxy.stop()
    await this.slack.close()
  }

  private failing(real: Backend): Backend {
    const wrap =
      <A extends unknown[], R>(name: string, act: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        const fault = this.next('store', name) as StoreFault | undefined
        if (fault === 'refused') throw new StoreUnavailableError(name)
        if (fault === 'late') await pause(2500)
        const answer = await act(...args)
        if (fault === 'lost') throw new StoreUnavailableError(name)
        return answer
      }
    const { records, queue } = real
    return {
      kind: real.kind,
      records: {
        read: wrap('read', (...args: Parameters<typeof records.read>) => records.read(...args)),
        write: wrap('write', (...args: Parameters<typeof records.write>) => records.write(...args)),
        remove: wrap('remove', (...args: Parameters<typeof records.remove>) => records.remove(...args)),
        list: wrap('list', (...args: Parameters<typeof records.list>) => records.list(...args)),
        append: wrap('append', (...args: Parameters<typeof records.append>) => records.append(...args)),
        entries: wrap('entries', (...args: Parameters<typeof records.entries>) => records.entries(...args)),
        lastEntry: wrap('lastEntry', (...args: Parameters<typeof records.lastEntry>) => records.lastEntry(...args)),
        ping: () => records.ping(),
        close: () => records.close(),
      },
      queue: {
        enqueue: wrap('enqueue', (...args: Parameters<typeof queue.enqueue>) => queue.enqueue(...args)),
        counts: () => queue.counts(),
      },
      openWorker: (request) => real.openWorker(request),
      ping: () => real.ping(),
      close: () => real.close(),
    }
  }

  private clients(): Clients {
    const { clients } = this.mesh
    const { kubernetes, istioctl } = clients
    const ask =
      <A extends unknown[], R>(side: Side, name: string, act: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        const fault = this.next(side, `${name} ${JSON.stringify(args[0])}`) as MeshFault | undefined
        if (fault !== undefined) throw unseen(fault)
        return act(...args)
      }
    return {
      ...clients,
      kubernetes: {
        list: ask('kubernetes', 'list', (...args: Parameters<typeof kubernetes.list>) => kubernetes.list(...args)),
        log: ask('kubernetes', 'log', (...args: Parameters<typeof kubernetes.log>) => kubernetes.log(...args)),
        allowed: ask('kubernetes', 'allowed', (...args: Parameters<typeof kubernetes.allowed>) =>
          kubernetes.allowed(...args),
        ),
        version: ask('kubernetes', 'version', (...args: Parameters<typeof kubernetes.version>) =>
          kubernetes.version(...args),
        ),
      },
      istioctl: {
        run: async (args, signal) => {
          const fault = this.next('istioctl', args.join(' ')) as MeshFault | undefined
          if (fault === 'garbage') return '{"odd": [7, {'
          if (fault !== undefined) throw unseen(fault)
          return istioctl.run(args, signal)
        },
      },
    }
  }

  private writer(): ClusterWriter {
    const { writer } = this.mesh
    return {
      read: async (...args) => {
        const fault = this.next('writer', 'read') as MeshFault | undefined
        if (fault !== undefined) throw unseen(fault)
        return writer.read(...args)
      },
      rehearse: async (...args) => {
        const fault = this.next('writer', 'rehearse') as MeshFault | undefined
        if (fault !== undefined) throw unwritten(fault)
        return writer.rehearse(...args)
      },
      write: async (...args) => {
        const fault = this.next('writer', 'write') as MeshFault | undefined
        // One that was sent may have landed.
        if (fault !== undefined && fault !== 'timeout') throw unwritten(fault)
        const written = await writer.write(...args)
        // One that is found to have landed already writes nothing.
        if (written.fresh) this.writes.push(args[0].undoes === true ? 'undo' : 'apply')
        if (fault !== undefined) throw unwritten(fault)
        return written
      },
      refusesCapture: (...args) => writer.refusesCapture(...args),
      startCapture: (...args) => writer.startCapture(...args),
      capturePackets: (...args) => writer.capturePackets(...args),
      endCapture: (...args) => writer.endCapture(...args),
      setZtunnelLevels: (...args) => writer.setZtunnelLevels(...args),
      setLogLevels: async (...args) => {
        const fault = this.next('writer', 'setLogLevels') as MeshFault | undefined
        if (fault !== undefined && fault !== 'timeout') throw unseen(fault)
        await writer.setLogLevels(...args)
        if (fault !== undefined) throw unseen(fault)
      },
      turnOnAccessLog: async (...args) => {
        const fault = this.next('writer', 'turnOnAccessLog') as MeshFault | undefined
        if (fault !== undefined && fault !== 'timeout') throw unseen(fault)
        const uid = await writer.turnOnAccessLog(...args)
        if (fault !== undefined) throw unseen(fault)
        return uid
      },
      turnOffAccessLog: async (...args) => {
        const fault = this.next('writer', 'turnOffAccessLog') as MeshFault | undefined
        if (fault !== undefined && fault !== 'timeout') throw unseen(fault)
        await writer.turnOffAccessLog(...args)
        if (fault !== undefined) throw unseen(fault)
      },
    }
  }

  /** Messages of the channel as they are now. */
  private messages(): Message[] {
    return this.slack.messages(CHANNEL)
  }

  private async until<T>(what: string, is: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (const late = Date.now() + PATIENCE; ;) {
      const found = await is()
      if (found !== undefined) return found
      if (Date.now() > late) throw new Error(`in vain waited for: ${what}`)
      await pause(20)
    }
  }

  private withButton(label: string): Message | undefined {
    return this.messages().findLast((message) => hasButton(message, label))
  }

  /** True when nothing goes on: whatever was asked is handled, and all that was begun by it is at its end and told. */
  private async isQuiet(): Promise<boolean> {
    const { records } = this
    return (
      (await listReceived(records)).length === 0 &&
      (await listRuns(records)).every(isFinished) &&
      (await listChanges(records)).every(({ state, undo }) => !GOING_ON.has(state) && undo?.state !== 'undoing') &&
      (await listLeases(records)).every(({ state, told }) => state === 'raised' || (state === 'over' && told))
    )
  }

  private settled(): Promise<true> {
    return this.until('all to end', async () => ((await this.isQuiet()) ? (true as const) : undefined))
  }

  /** Does something until it shows; what did not work is said, and tried again by whoever wanted it. */
  private async act(what: string, act: () => Promise<unknown>, shows: () => boolean | Promise<boolean>): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const before = this.said()
      await act().then(
        (came) => this.shownBySlack(came),
        (error: unknown) => {
          if (attempt >= MOST_ATTEMPTS) throw error
        },
      )
      // Whatever comes of it, something does.
      const came = await this.until(`${what} to show, or a word about why not`, async () => {
        if (await shows()) return 'shows'
        const mayTry = attempt < MOST_ATTEMPTS && this.said() !== before
        return mayTry && (await this.isQuiet()) ? 'said' : undefined
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}; attempt ${attempt}; said last: ${this.saidLast()}`)
      })
      // It may have come between the two looks.
      if (came === 'shows' || (await shows())) return
      this.again += 1
      // Slack says at once that nobody is connected; whoever reads that waits before they press again.
      await pause(this.again * SECOND_THOUGHT)
    }
  }

  /** What Slack itself shows to a person whose command was not acknowledged in time. */
  private shownBySlack(came: unknown): void {
    const { shownError } = (came ?? {}) as { shownError?: string }
    if (shownError !== undefined) this.shown.push(shownError)
  }

  private said(): string {
    return JSON.stringify([this.shown, this.messages().map(shownIn), this.slack.ephemerals().map(shownIn)])
  }

  private saidLast(): string {
    return [this.messages().at(-1), this.slack.ephemerals().at(-1)]
      .map((one) => (one === undefined ? '' : shownIn(one).slice(0, 400)))
      .join(' / ')
  }

  private levels(): Promise<string> {
    return this.mesh.clients.istioctl.run(['proxy-config', 'log', `${POD}.istioinaction`], new AbortController().signal)
  }

  /** All of it; answers what is wrong at its end. */
  async run(): Promise<string[]> {
    const { slack } = this
    const wrong: string[] = []
    const levels = await this.levels()
    const click = async (label: string, user: string): Promise<void> => {
      const message = this.withButton(label)
      if (message === undefined) throw new Error(`no message has the button ${label}`)
      this.shownBySlack(await slack.click(message, label, { user, channel: CHANNEL }))
    }
    await this.act(
      'the verdict',
      () => slack.type('/mesh diagnose catalog -n istioinaction', { user: 'U_ONCALL', channel: CHANNEL }),
      () => this.messages().some((one) => one.threadTs === undefined && shownIn(one).includes('Ill')),
    )
    await this.settled()
    if (this.withButton('Propose fix') === undefined)
      // With something unread there may be no proposal: the mesh is asked once more.
      await this.act(
        'a diagnosis that proposes',
        () => slack.type('/mesh diagnose catalog -n istioinaction', { user: 'U_ONCALL', channel: CHANNEL }),
        () => this.withButton('Propose fix') !== undefined,
      )
    await this.act(
      'the proposal',
      () => click('Propose fix', 'U_ONCALL'),
      () => this.withButton('Approve') !== undefined,
    )
    await this.settled()
    if (this.writes.length > 0) wrong.push('written before anybody approved')
    this.approvals = 1
    await this.act(
      'the proof',
      async () => {
        if (this.withButton('Approve') === undefined) await this.proposeAgain(click)
        await click('Approve', 'U_SECOND')
      },
      () => this.withButton('Undo') !== undefined && this.writes.includes('apply'),
    )
    await this.settled()
    await this.act(
      'the undoing',
      () => click('Undo', 'U_SECOND'),
      () => this.writes.includes('undo') && this.withButton('Undo') === undefined,
    )
    await this.settled()
    await this.act(
      'the lease',
      () =>
        slack.type('/mesh log-level catalog -n istioinaction http:debug --pods 1', {
          user: 'U_ONCALL',
          channel: CHANNEL,
        }),
      () => this.withButton('Put back now') !== undefined,
    )
    await this.settled()
    await this.act(
      'the return',
      () => click('Put back now', 'U_ONCALL'),
      async () => (await listLeases(this.records)).every(({ state }) => state === 'over'),
    )
    await this.settled()
    await this.until('every lease to be told', async () =>
      (await listLeases(this.records)).every(({ state, told }) => state === 'over' && told) ? true : undefined,
    ).catch((error: unknown) => wrong.push(String(error)))
    if ((await this.levels()) !== levels) wrong.push('levels are not what they were')
    // Posts that are late come yet.
    await pause(300)
    return [...wrong, ...(await this.wrongAtTheEnd())]
  }

  private async proposeAgain(click: (label: string, user: string) => Promise<void>): Promise<void> {
    if (this.withButton('Propose fix') === undefined) {
      await this.slack.type('/mesh diagnose catalog -n istioinaction', { user: 'U_ONCALL', channel: CHANNEL })
      await this.until('another diagnosis', () => this.withButton('Propose fix'))
      await this.settled()
    }
    await click('Propose fix', 'U_ONCALL')
    await this.until('another proposal', () => this.withButton('Approve'))
    await this.settled()
  }

  private async wrongAtTheEnd(): Promise<string[]> {
    const wrong: string[] = []
    const counts = (what: string): number => this.writes.filter((one) => one === what).length
    for (const what of ['apply', 'undo']) if (counts(what) > 1) wrong.push(`${what} ${counts(what)} times`)
    if (this.again === 0 && this.side !== 'writer' && (counts('apply') !== 1 || counts('undo') !== 1))
      wrong.push(`writes: ${this.writes.join(', ')}`)
    const running = this.messages().filter((one) => shownIn(one).includes('⏱'))
    if (running.length > 0) wrong.push(`goes on for ever: ${running.map(shownIn).join(' / ').slice(0, 300)}`)
    // What a person asked for twice is answered twice.
    if (this.again === 0) {
      const posts = new Map<string, number>()
      for (const one of this.messages()) {
        const key = `${one.threadTs ?? ''} ${shownIn(one)}`
        posts.set(key, (posts.get(key) ?? 0) + 1)
      }
      for (const [post, times] of posts) if (times > 1) wrong.push(`posted ${times} times: ${post.slice(0, 200)}`)
    }
    const verdict = await verifyAudit(this.records)
    if (!verdict.ok) wrong.push(`the audit is broken at ${verdict.sequence}`)
    const broken = this.logged.filter(
      ({ fields }) => fields.err instanceof TypeError || fields.err instanceof RangeError,
    )
    if (broken.length > 0)
      wrong.push(
        `a mistake of ours: ${broken
          .map(({ says, fields }) => `${says} ${String(fields.err)}`)
          .join(' / ')
          .slice(0, 300)}`,
      )
    return wrong
  }

  get triedAgain(): number {
    return this.again
  }
  logLines(): string {
    return this.logged
      .filter(({ level }) => level !== 'info' && level !== 'debug')
      .map(({ level, says, fields }) => `    ${level} ${says} ${fields.err instanceof Error ? fields.err.message : ''}`)
      .join('\n')
  }
}

const hasButton = (message: Message, label: string): boolean =>
  (message.blocks as unknown as { type: string; elements?: { text?: { text?: string } }[] }[])
    .filter(({ type }) => type === 'actions')
    .some(({ elements = [] }) => elements.some(({ text }) => text?.text === label))

/** A store that is empty, for one trial after the other. */
async function stores(): Promise<{ open(): Promise<Backend>; close(): Promise<void> }> {
  let opened = 0
  if (values.store === 'redis') {
    const redis: TestRedis = await startRedis({ appendOnly: true })
    const { log } = rememberingLog()
    return {
      async open() {
        for (let attempt = 1; ; attempt += 1) {
          try {
            const prefix = `trial-${(opened += 1)}`
            return await openBackend({ redisUrl: redis.url, prefix, dataFolder: '/nowhere', log })
          } catch (error) {
            // The machine may be busy: what this asks of Redis is none of the trial.
            if (attempt === 10) throw error
          }
        }
      },
      close: () => redis.stop(),
    }
  }
  const loadDataDir = await emptyDatabase()
  return {
    open: async () => {
      const db = await PGlite.create({ loadDataDir })
      return embeddedBackend(db, rememberingLog().log, () => db.close())
    },
    close: () => Promise.resolve(),
  }
}

const source = await stores()
let [ran, failed] = [0, 0]
const total: Record<string, number> = {}

/** Lets one call fail in one way; false when nothing makes so many calls. */
async function tried(side: Side, nth: number, fault: string): Promise<boolean> {
  const store = await source.open()
  const trial = new Trial(side, nth, fault, store)
  let wrong: string[]
  const began = performance.now()
  try {
    await trial.open()
    wrong = await trial.run()
  } catch (error) {
    wrong = [error instanceof Error ? error.message : String(error)]
  }
  const isHit = trial.counter.hit !== undefined
  if (isHit) {
    ran += 1
    total[side] = (total[side] ?? 0) + 1
  }
  if (wrong.length > 0) failed += 1
  const seconds = Math.round((performance.now() - began) / 100) / 10
  if (wrong.length > 0 || values.verbose)
    console.log(
      `${wrong.length > 0 ? 'FAIL' : 'ok  '} ${side} call ${nth} ${fault} (${trial.counter.hit ?? 'none'}), tried again ${trial.triedAgain}, ${seconds} s${wrong.map((one) => `\n  ${one}`).join('')}${wrong.length > 0 ? `\n${trial.logLines()}` : ''}`,
    )
  await trial.close().catch(() => undefined)
  await store.close().catch(() => undefined)
  // One that ended before its call was made says nothing of how many there are.
  return isHit || wrong.length > 0
}

for (const side of Object.keys(SIDES) as Side[]) {
  if (values.only !== undefined && values.only !== side) continue
  const faults: readonly string[] = values.fault === undefined ? SIDES[side] : [values.fault]
  const every = Number(values.every)
  const most = Number(values.most)
  let last = Infinity
  const meant = (function* (): Generator<readonly [nth: number, fault: string]> {
    for (let nth = Number(values.from); nth <= most && nth < last; nth += every)
      for (const fault of values.whole ? faults : [faults[Math.floor(nth / every) % faults.length] ?? ''])
        yield [nth, fault]
  })()
  await Promise.all(
    Array.from({ length: Number(values.lanes) }, async () => {
      for (const [nth, fault] of meant) {
        if (nth < last && !(await tried(side, nth, fault))) last = Math.min(last, nth)
      }
    }),
  )
  console.log(`${side}: ${total[side] ?? 0} calls failed`)
}
await source.close()
console.log(`${ran} trials, ${failed} of them ended wrongly`)
process.exit(failed === 0 ? 0 : 1)
