/**
 * npm run fuzz -- --runs 1000000 --parser 'access log' --lanes 2 --seed 1
 *
 * Gives every parser of foreign text so many inputs, and says how many it took, how long, and which one it could not take. Ends with 1 when there was one.
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { PARSERS } from './parsers.ts'

/** Milliseconds of the processor that no input of a few hundred characters may take: those of the clock are the machine's as well. */
const SLOW = 1000

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    parser: { type: 'string' },
    lanes: { type: 'string', default: '2' },
    seed: { type: 'string' },
    alone: { type: 'boolean', default: false },
  },
})

/** Fuzzes one parser in this process. */
async function fuzz(name: string): Promise<boolean> {
  const parser = PARSERS[name]
  if (parser === undefined) throw new Error(`no parser ${name}`)
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-fuzz-'))
  const file = join(folder, 'input')
  let [ran, slowest] = [0, 0]
  const began = performance.now()
  const property = fc.asyncProperty(parser.inputs, async (input) => {
    ran += 1
    const before = process.threadCpuUsage()
    await parser.holds(input, file)
    const { user, system } = process.threadCpuUsage(before)
    const took = (user + system) / 1000
    slowest = Math.max(slowest, took)
    if (took > SLOW) throw new Error(`it took ${Math.round(took)} ms`)
  })
  const found = await fc.check(property, {
    numRuns: Number(values.runs),
    ...(values.seed !== undefined && { seed: Number(values.seed) }),
  })
  rmSync(folder, { recursive: true })
  const figures = `${ran} inputs in ${Math.round((performance.now() - began) / 1000)} s, the slowest ${Math.round(slowest)} ms, seed ${found.seed}`
  console.log(
    found.failed
      ? `FAIL ${name}: ${figures}\n  ${JSON.stringify(found.counterexample).slice(0, 2000)}\n  ${String(found.errorInstance).slice(0, 500)}\n${found.errorInstance instanceof Error ? (found.errorInstance.stack ?? '').split('\n').slice(1, 5).join('\n') : ''}`
      : `ok   ${name}: ${figures}`,
  )
  return !found.failed
}

if (values.alone) {
  process.exit((await fuzz(values.parser ?? '')) ? 0 : 1)
} else {
  const names = Object.keys(PARSERS).filter((name) => values.parser === undefined || name === values.parser)
  let failures = 0
  // Each in a process of its own: what one keeps does not slow the others down.
  await Promise.all(
    Array.from({ length: Math.min(Number(values.lanes), names.length) }, async () => {
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        const seed = values.seed === undefined ? [] : ['--seed', values.seed]
        const child = fork(import.meta.filename, ['--alone', '--parser', name, '--runs', values.runs, ...seed])
        const code = await new Promise((resolve) => child.once('exit', resolve))
        if (code !== 0) failures += 1
      }
    }),
  )
  process.exit(failures === 0 ? 0 : 1)
}
