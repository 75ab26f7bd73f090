import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.ts'
import { explainFailure } from '../../src/cli/failure.ts'
import { UserError } from '../../src/mesh/user-error.ts'
import { Interruption } from '../../src/cli/interruption.ts'

let said = ''
beforeEach(() => {
  said = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

it('our own fault: exit 1, and the person is shown the run id that is logged', async () => {
  expect(await explainFailure(new TypeError('x is not a function'))).toBe(EXIT.broken)
  const [log = '', line = ''] = said.trim().split('\n')
  const { run, level, err } = JSON.parse(log) as { run: string; level: string; err: { stack: string } }
  expect(level).toBe('error')
  expect(err.stack).toContain('TypeError: x is not a function')
  expect(line).toBe(`mesh-medic failed, run ${run}: x is not a function`)
})

it('bad usage: the sentence alone, without control characters', async () => {
  expect(await explainFailure(new UserError({ why: '"\u001b[2J" is not a name.' }))).toBe(EXIT.usage)
  expect(said).toBe('"�[2J" is not a name.\n')
})

it('cancelled: the exit code of the signal', async () => {
  expect(await explainFailure(new Interruption('SIGINT'))).toBe(130)
  expect(await explainFailure(new Interruption('SIGTERM'))).toBe(143)
})
