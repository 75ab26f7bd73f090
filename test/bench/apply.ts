import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { listChanges, readChange } from '../../src/changes/record.ts'
import { openLiveBot } from '../live/bot.ts'
import { makeIll } from '../live/mesh.ts'
import { readSituation } from '../situation.ts'
import { median, round, timed } from './figures.ts'

const ROUNDS = 3
/** Milliseconds for the proxies to lose what was deleted. */
const SETTLE = 4000
const NAMESPACE = 'istioinaction'

/**
 * From the click on Approve to the object in the API server ÷ what a person would type instead: a server-side dry run, and twice the time of a bare
 * `kubectl apply --server-side`. The two take turns.
 */
export async function benchApply(): Promise<Record<string, unknown>> {
  if (process.env.KUBECONFIG === undefined) return { skipped: 'no mesh: KUBECONFIG is not set' }
  await makeIll(readSituation('chapter-10'))
  const bot = await openLiveBot()
  const rule = (args: readonly string[], input: string): Promise<unknown> => execa('kubectl', ['-n', NAMESPACE, 'apply', '--server-side', '--field-manager', 'by-hand', ...args, '-f', '-'], { input })
  const gone = (): Promise<unknown> => execa('kubectl', ['-n', NAMESPACE, 'delete', 'destinationrule', '--all', '--wait'])
  const [clicks, dryRuns, applies, ratios]: [number[], number[], number[], number[]] = [[], [], [], []]
  try {
    const parent = await bot.diagnose()
    for (let round = 0; round < ROUNDS; round += 1) {
      await bot.click(parent, 'Propose fix', 'U_ONCALL')
      const { message } = await bot.seen(/Define subset/, ({ actions }) => actions.includes('Approve'))
      const change = (await listChanges(bot.backend.records)).at(-1)
      if (change === undefined) throw new Error('no change was stored')
      const manifest = change.writes.flatMap((write) => (write.verb === 'apply' ? [write.manifest] : [])).join('---\n')
      const clicked = Date.now()
      await bot.click(message, 'Approve', 'U_SECOND')
      let applied: string | undefined
      while ((applied = (await readChange(bot.backend.records, change.id))?.appliedAt) === undefined) await pause(5)
      clicks.push(Date.parse(applied) - clicked)
      await bot.seen(/gone|unclear|still there/, ({ message: { ts } }) => Number(ts) * 1000 > clicked, 60_000)
      await gone()
      dryRuns.push(await timed(() => rule(['--dry-run=server'], manifest)))
      applies.push(await timed(() => rule([], manifest)))
      await gone()
      await pause(SETTLE)
      ratios.push((clicks.at(-1) ?? NaN) / (2 * (applies.at(-1) ?? NaN) + (dryRuns.at(-1) ?? NaN)))
    }
  } finally {
    await bot.close()
  }
  return {
    rounds: ROUNDS, clickToAppliedMilliseconds: Math.round(median(clicks)), applyMilliseconds: Math.round(median(applies)), dryRunMilliseconds: Math.round(median(dryRuns)),
    ratio: { median: round(median(ratios)), min: round(Math.min(...ratios)), max: round(Math.max(...ratios)) }, wanted: '<= 1 of (2 x apply + dry run)',
  }
}
