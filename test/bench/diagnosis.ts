import { join } from 'node:path'
import { execa, parseCommandString } from 'execa'
import type { Report } from '../../src/diagnosis/report.ts'
import { median, round, timed } from './figures.ts'

const TOP = join(import.meta.dirname, '..', '..')
const PAIRS = 5

/** What is diagnosed: a target of the mesh KUBECONFIG names. The command line knows no such variable and would refuse it. */
const { MESH_MEDIC_BENCH_ASK = 'catalog -n istioinaction', ...env } = process.env
const ASK = MESH_MEDIC_BENCH_ASK.split(' ')

/**
 * A whole diagnosis from the command line, by the published files and by those of the checkout, ÷ the very commands its report names, typed one after
 * the other (without the time a person needs to read and type). They take turns, so that a drifting machine hits all.
 */
export async function benchDiagnosis(): Promise<Record<string, unknown>> {
  await execa(process.execPath, [join(TOP, 'scripts', 'build.ts')])
  const diagnose = (cli = 'dist/cli.js') =>
    execa(process.execPath, [join(TOP, cli), 'diagnose', ...ASK, '-o', 'json'], {
      reject: false,
      stdin: 'ignore',
      extendEnv: false,
      env,
    })
  const first = await diagnose()
  if (first.stdout === '') return { skipped: `no mesh to diagnose: ${first.stderr.split('\n')[0] ?? ''}` }
  const commands = (JSON.parse(first.stdout) as Report).plan
    .map(({ command }) => command)
    .filter((command) => /^(istioctl|kubectl) /.test(command))
  const byHand = async (): Promise<void> => {
    for (const command of commands) {
      const [program = '', ...args] = parseCommandString(command)
      await execa(program, args, { reject: false, stdin: 'ignore' })
    }
  }
  await byHand()
  const ratios: number[] = []
  const times: Record<'diagnosis' | 'checkout' | 'byHand', number[]> = { diagnosis: [], checkout: [], byHand: [] }
  await diagnose('src/cli.ts')
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const ours = await timed(() => diagnose())
    times.checkout.push(await timed(() => diagnose('src/cli.ts')))
    const theirs = await timed(byHand)
    times.diagnosis.push(ours)
    times.byHand.push(theirs)
    ratios.push(ours / theirs)
  }
  return {
    commands: commands.length,
    pairs: PAIRS,
    diagnosisMilliseconds: Math.round(median(times.diagnosis)),
    checkoutMilliseconds: Math.round(median(times.checkout)),
    byHandMilliseconds: Math.round(median(times.byHand)),
    ratio: { median: round(median(ratios)), min: round(Math.min(...ratios)), max: round(Math.max(...ratios)) },
    wanted: 'ratio <= 0.35, diagnosis <= 1200',
  }
}
