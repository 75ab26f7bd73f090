import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { SITUATIONS } from '../src/sandbox/situations.ts'

const TOP = join(import.meta.dirname, '..')

/** What npm would pack, without building it first. */
async function packed(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: TOP })
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  return files.map(({ path }) => path).sort()
}

// That the packed copy installs and runs is a stage of .ci/run.
it('the package has what the demo plays, and nothing of the tests', async () => {
  const files = await packed()
  const recordings = readdirSync(join(TOP, 'recordings'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .map((file) => `recordings/${file.replaceAll('\\', '/')}`)
    .sort()
  expect(recordings).toEqual(
    [
      ...SITUATIONS.flatMap(({ id }) => ['ill', 'mended'].map((phase) => `recordings/${id}/${phase}/recording.json`)),
      'recordings/self-test/recording.json',
    ].sort(),
  )
  expect(files.filter((file) => file.startsWith('recordings/'))).toEqual(recordings)
  expect(files.filter((file) => /^(?:test|src|scripts)\//.test(file))).toEqual([])
  const { bin } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as { bin: Record<string, string> }
  for (const command of Object.values(bin))
    expect(existsSync(join(TOP, command.replace(/^dist/, 'src').replace(/\.js$/, '.ts'))), command).toBe(true)
})
