import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runDemo } from '../../src/sandbox/demo.ts'
import { rememberingLog } from '../slack/house.ts'
import { putEmptyDatabase } from '../store/empty-database.ts'
import { demoInChromium } from './demo-in-chromium.ts'

const input = new PassThrough()
const { log, logged } = rememberingLog()
const end = new AbortController()
let output = ''
let demo: Promise<void>

beforeAll(async () => {
  const out = new PassThrough()
  out.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const dataFolder = mkdtempSync(join(tmpdir(), 'mesh-medic-demo-test-'))
  await putEmptyDatabase(dataFolder)
  demo = runDemo({ input, output: out, signal: end.signal, log, delay: 0, proofSeconds: 0.01, dataFolder })
  await said('ends the demo.', 0, 90_000)
}, 100_000)
afterAll(() => end.abort())

/** Types a line; what the terminal says from then on, once it says that. */
async function typed(line: string, until: RegExp | string): Promise<string> {
  const from = output.length
  input.write(`${line}\n`)
  return said(until, from)
}

async function said(until: RegExp | string, from = 0, patience = 50_000): Promise<string> {
  for (const late = Date.now() + patience; ;) {
    const since = output.slice(from)
    if (typeof until === 'string' ? since.includes(until) : until.test(since)) return since
    if (Date.now() > late)
      throw new Error(
        `not said: ${String(until)}\n${since}\n${JSON.stringify(logged.filter(({ level }) => level === 'error'))}`,
      )
    await pause(20)
  }
}

// One after the other: the terminal alone plays the whole.
it('diagnoses, and says how it goes on', () => {
  const first = output
  expect(first).toMatch(/^A stand-in for Slack runs at http:\/\/127\.0\.0\.1:\d+\//)
  expect(first).toContain('> /mesh diagnose catalog')
  expect(first).toMatch(/Ill[\s\S]*\[Propose fix\] \[Raise log level\] \[Full report\]/)
  expect(first).toContain('click Approve as second')
})

it('proposes the fix, which the one who asked may not approve and a second person may', async () => {
  expect(await typed('click Propose fix', '[Approve]')).toContain('+  subsets:')
  expect(await typed('click Approve', 'only for oncall:')).toBeDefined()
  await said('that requires the role approver')
  expect(await typed('click approve as second', /Gone {2}Define/)).toContain('Approved by @second')
})

// Its message makes the last ones of the change late: those come when the change is undone already, and may not bring "Fixed" back.
it('shows how the proxies stand', async () => {
  const status = await typed('/mesh status', /proxies in the mesh: .*\n[\s\S]*\[Run again\]/)
  expect(status).toContain('in sync')
  expect(status).not.toContain('saw nothing')
})

it('tests itself, and all is well but for a button that nobody has pressed yet', async () => {
  const tested = await typed('/mesh doctor', /Self-tests[\s\S]*Prometheus/)
  expect(tested).not.toContain('✗')
  expect(tested).toMatch(/✓ permissions: \d\d that are needed are there/)
})

it('undoes it', async () => {
  expect(await typed('click Undo as second', /this is what was found afterwards/)).toContain('Undone')
})

it('raises log levels and puts them back', async () => {
  expect(await typed('click Raise log level', '[Raise log level] shown to oncall:\n  Envoy')).toContain('Loggers:')
  const raised = await typed('submit level=trace for="1 minute"', '[Put back now]')
  expect(raised).toMatch(/Log levels are raised {2}http:trace, router:trace, rds:trace/)
  expect(raised).toMatch(/min left|s left/)
  expect(await typed('click Save log', 'Saved: ')).toContain('[file ')
  expect(await typed('click Put back now', 'put back by @oncall')).toContain('Log levels were put back')
  expect(await typed('log-level catalog', /(misc:error[\s\S]*){3}/)).toContain('misc:error; 72 others at warning')
  expect(await typed('/mesh leases as visitor', 'No log levels are raised now')).toContain('only for visitor')
  expect(await typed('/mesh audit', 'the chain is whole')).toMatch(
    /lease-ended[\s\S]*lease-granted[\s\S]*fix-undone[\s\S]*fix-verified[\s\S]*fix-approved/,
  )
})

it.each([
  ['click Nothing', 'There is no button "Nothing", only '],
  ['submit', 'No window is open.'],
  ['close as second', 'No window is open.'],
  ['try nothing', 'There is no situation nothing, only chapter-10, '],
])('%s', async (line, says) => {
  expect(await typed(line, says)).toContain(`> ${line}`)
})

it('tells which fields a window has', async () => {
  await typed('click Propose fix', '[Reject]')
  await typed('click Reject as second', '[Reject a change] shown to second')
  expect(await typed('submit why=no as second', 'has no field why, only ')).toBeDefined()
  expect(await typed('submit reason="not now" as second', 'Rejected by @second')).toContain('not now')
})

demoInChromium(() => /http:\S+/.exec(output)![0])

it('ends at the word exit', async () => {
  input.write('exit\n')
  await demo
  expect(logged.filter(({ level }) => level === 'error')).toEqual([])
})
