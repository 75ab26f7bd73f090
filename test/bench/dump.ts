import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { bigRecording, writeConfigDump } from './big-mesh.ts'
import { median, round, timed } from './figures.ts'
import { defined } from '../../src/mesh/defined.ts'

const SERVICES = 2000
const PAIRS = 5

/**
 * Parsing a sidecar's configuration in a mesh of 2,000 services ÷ the time `istioctl proxy-config all -o json` takes to print it (from a
 * file, so without the network); and how much more memory a whole diagnosis of that mesh takes than the idle process.
 */
export async function benchDump(): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-bench-'))
  try {
    const dump = join(folder, 'config_dump.json')
    const recording = bigRecording(SERVICES)
    writeConfigDump(recording, dump)
    // As istioctl prints each answer, in a file of its own: the child reads them as it would read istioctl's output.
    const answers = join(folder, 'answers')
    mkdirSync(answers)
    const index = recording.calls.map(({ json, ...rest }, number) => {
      if (json === undefined || !rest.call.startsWith('istioctl')) return { ...rest, ...defined({ json }) }
      writeFileSync(join(answers, `${number}.json`), JSON.stringify(json, null, 4))
      return { ...rest, file: join(answers, `${number}.json`) }
    })
    const list = join(folder, 'index.json')
    writeFileSync(list, JSON.stringify({ madeAt: recording.madeAt, calls: index }))

    const print = () =>
      execa(process.env.ISTIOCTL ?? 'istioctl', ['proxy-config', 'all', '-f', dump, '-o', 'json'], {
        stdin: 'ignore',
        stdout: { file: join(folder, 'printed') },
      })
    await print()
    const printed = statSync(join(folder, 'printed')).size
    const ratios: number[] = []
    const samples: { parse: number; examine: number; above: number; print: number }[] = []
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const theirs = await timed(print)
      const { stdout } = await execa(process.execPath, [join(import.meta.dirname, 'dump-child.ts'), list], {
        stdin: 'ignore',
      })
      const ours = JSON.parse(stdout) as { parse: number; examine: number; above: number }
      samples.push({ ...ours, print: theirs })
      ratios.push(ours.parse / theirs)
    }
    return {
      services: SERVICES,
      dumpMegabytes: round(readFileSync(dump).length / 1e6),
      printedMegabytes: round(printed / 1e6),
      pairs: PAIRS,
      parseMilliseconds: Math.round(median(samples.map(({ parse }) => parse))),
      printMilliseconds: Math.round(median(samples.map((one) => one.print))),
      wholeDiagnosisMilliseconds: Math.round(median(samples.map(({ examine }) => examine))),
      ratio: { median: round(median(ratios)), min: round(Math.min(...ratios)), max: round(Math.max(...ratios)) },
      wanted: '<= 2',
      megabytesAboveIdle: {
        median: round(median(samples.map(({ above }) => above))),
        max: round(Math.max(...samples.map(({ above }) => above))),
      },
      wantedMegabytes: '<= 350',
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
