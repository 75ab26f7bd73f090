import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { adminAnswers, bigRecording } from './big-mesh.ts'
import type { Proxy } from './dump-child.ts'
import { median, round, timed } from './figures.ts'

const SERVICES = 2000
const PAIRS = 5

/**
 * A look into a sidecar of a mesh of 2,000 services, from what its admin interface answers to the four parts of its configuration, ÷ the time
 * `istioctl proxy-config all -o json` takes to print it (both from files, so without the network); and how much more memory a whole diagnosis
 * of that mesh takes than the idle process.
 */
export async function benchDump(): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-bench-'))
  try {
    const recording = bigRecording(SERVICES)
    // As each proxy answers, in files of their own: the child reads them as it would read from a tunnel.
    const names = recording.calls.flatMap(({ call }) => /^istioctl proxy-config listeners (\S+) /.exec(call)?.[1] ?? [])
    const proxies = names.map((name): Proxy => {
      const { configDump, clusters } = adminAnswers(recording, name)
      const files = [join(folder, `${name}.config_dump.json`), join(folder, `${name}.clusters.json`)] as const
      writeFileSync(files[0], configDump)
      writeFileSync(files[1], clusters)
      return { name, files }
    })
    const dump = proxies.find(({ name }) => name.startsWith('catalog-v2-'))?.files[0]
    if (dump === undefined) throw new Error('the recording holds no sidecar of the catalog')
    const calls = recording.calls.filter(({ call }) => !/^istioctl proxy-config (?!log)/.test(call))
    const list = join(folder, 'index.json')
    writeFileSync(list, JSON.stringify({ madeAt: recording.madeAt, calls, proxies }))

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
