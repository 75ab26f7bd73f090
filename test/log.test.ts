import { expect, it } from 'vitest'
import { createLog } from '../src/log.ts'

function logged(level: string, act: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = []
  act(createLog({ level, write: (line) => lines.push(line) }))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

it('a static message with fields, and the run on each line of a run', () => {
  expect(logged('info', (log) => log.child({ run: 'abc123' }).info({ steps: 3 }, 'run finished'))).toMatchObject([
    {
      level: 'info',
      run: 'abc123',
      steps: 3,
      message: 'run finished',
      time: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
    },
  ])
})

it('says nothing below its level; a level nobody knows is info', () => {
  expect(logged('warn', (log) => log.info({}, 'no'))).toEqual([])
  expect(
    logged('loud', (log) => {
      log.debug({}, 'no')
      log.info({}, 'yes')
    }),
  ).toMatchObject([{ message: 'yes' }])
})

it('secrets are taken out, by field and by their look', () => {
  const text = JSON.stringify(
    logged('info', (log) => {
      log.info(
        { token: 'hush', slack: { botToken: 'hush' }, request: { headers: { authorization: 'hush' } } },
        'fields',
      )
      log.error({ err: new Error('refused xoxb-1234567890-hush and redis://:hush@redis:6379') }, 'texts')
    }),
  )
  expect(text).not.toContain('hush')
})
