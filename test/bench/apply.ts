import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { listChanges, readChange, type ChangeRecord } from '../../src/fixes/record.ts'
import { openLiveBot, POLICY, type LiveBot } from '../live/bot.ts'
import { makeIll, until } from '../live/mesh.ts'
import { readSituation } from '../situation.ts'
import { median, round, timed } from './figures.ts'

const ROUNDS = 9
/** Milliseconds for the proxies to lose what was deleted. */
const SETTLE = 4000
const NAMESPACE = 'istioinaction'

/** The change as it is stored, once it is in one of these states. */
async function changeIn(bot: LiveBot, id: string, states: readonly string[], every = 200): Promise<ChangeRecord> {
  for (const late = Date.now() + 60_000; ;) {
    const change = await readChange(bot.backend.records, id)
    if (change !== undefined && states.includes(change.state)) return change
    if (Date.now() > late)
      throw new Error(
        `the change is ${change?.state ?? 'gone'} after a minute, not ${states.join(' or ')}: ${change?.failure ?? ''}`,
      )
    await pause(every)
  }
}

/** One fix by the bot, asked for, approved, proved and taken back; milliseconds from the click to the write, and what was written. */
async function byTheBot(bot: LiveBot): Promise<{ milliseconds: number; manifest: string }> {
  const started = Date.now()
  const parent = await bot.diagnose()
  await bot.click(parent, 'Propose fix', 'U_ONCALL')
  const { message } = await bot.seen(
    /Define subset/,
    ({ actions, message: { ts } }) => actions.includes('Approve') && Number(ts) * 1000 > started,
  )
  const change = (await listChanges(bot.backend.records)).find(
    ({ requester, state }) => state === 'proposed' && Date.parse(requester.at) >= started,
  )
  if (change === undefined) throw new Error('no change was stored')
  const clicked = Date.now()
  await bot.click(message, 'Approve', 'U_SECOND')
  const { appliedAt } = await changeIn(bot, change.id, ['applied', 'proved'], 2)
  await changeIn(bot, change.id, ['proved'])
  const { message: proved } = await bot.seen(
    /./,
    ({ actions, message: { ts } }) => actions.includes('Undo') && Number(ts) * 1000 > started,
  )
  await bot.click(proved, 'Undo', 'U_SECOND')
  await changeIn(bot, change.id, ['undone'])
  return {
    milliseconds: Date.parse(appliedAt ?? '') - clicked,
    manifest: change.writes.flatMap((write) => (write.verb === 'apply' ? [write.manifest] : [])).join('---\n'),
  }
}

/**
 * From the click on Approve to the object in the API server ÷ what a person would type instead: a server-side dry run, and twice the time of a bare
 * `kubectl apply --server-side`. The two take turns.
 */
export async function benchApply(): Promise<Record<string, unknown>> {
  if (process.env.KUBECONFIG === undefined) return { skipped: 'no mesh: KUBECONFIG is not set' }
  await makeIll(readSituation('chapter-10'))
  const bot = await openLiveBot({ ...POLICY, proofSeconds: 1 })
  const rule = (args: readonly string[], input: string): Promise<unknown> =>
    execa('kubectl', ['-n', NAMESPACE, 'apply', '--server-side', '--field-manager', 'by-hand', ...args, '-f', '-'], {
      input,
    })
  const rules = async (): Promise<string> =>
    (await execa('kubectl', ['-n', NAMESPACE, 'get', 'destinationrules', '-o', 'name'])).stdout.trim()
  const [clicks, dryRuns, applies, ratios]: [number[], number[], number[], number[]] = [[], [], [], []]
  try {
    for (let turn = 1; turn <= ROUNDS; turn += 1) {
      const { milliseconds, manifest } = await byTheBot(bot)
      if ((await rules()) !== '') throw new Error('the DestinationRule is still there after its undo')
      const dryRun = await timed(() => rule(['--dry-run=server'], manifest))
      const apply = await timed(() => rule([], manifest))
      await execa('kubectl', ['-n', NAMESPACE, 'delete', 'destinationrule', '--all', '--wait'])
      await until('the DestinationRule to be gone', 10, async () => (await rules()) === '')
      await pause(SETTLE)
      clicks.push(milliseconds)
      dryRuns.push(dryRun)
      applies.push(apply)
      ratios.push(milliseconds / (2 * apply + dryRun))
      console.error(
        `apply: round ${turn} of ${ROUNDS}: ${Math.round(milliseconds)} ms, kubectl ${Math.round(apply)} ms, dry run ${Math.round(dryRun)} ms`,
      )
    }
  } finally {
    await bot.close()
  }
  return {
    rounds: ROUNDS,
    clickToAppliedMilliseconds: Math.round(median(clicks)),
    applyMilliseconds: Math.round(median(applies)),
    dryRunMilliseconds: Math.round(median(dryRuns)),
    ratio: { median: round(median(ratios)), min: round(Math.min(...ratios)), max: round(Math.max(...ratios)) },
    wanted: '<= 1 of (2 x apply + dry run)',
  }
}
