import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { forgetLogs, hasKeptLogs, keepLogs, readKeptLogs } from '../../src/leases/kept-logs.ts'
import { memoryRecords } from '../store/memory-records.ts'

const file = (content: string, name = 'catalog-1-abc.log') => ({ name, title: 'Log of catalog-1', content })

it('keeps logs as they are, until they are deleted', async () => {
  const records = memoryRecords()
  expect(await keepLogs(records, 'abc', [file('one\ntwo\n')])).toEqual([
    { name: 'catalog-1-abc.log', bytes: 8, isCut: false },
  ])
  expect(await readKeptLogs(records, 'abc')).toEqual([file('one\ntwo\n')])
  expect([await forgetLogs(records, 'abc'), await forgetLogs(records, 'abc')]).toEqual([true, false])
  expect([await hasKeptLogs(records, 'abc'), await readKeptLogs(records, 'abc')]).toEqual([false, []])
})

it('of logs that are larger than the store takes, the newest whole lines', async () => {
  const records = memoryRecords()
  // What is random is not shorter when it is compressed.
  const lines = Array.from({ length: 60_000 }, (_, index) => `${index} ${randomBytes(120).toString('base64')}`)
  const [kept] = await keepLogs(records, 'abc', [file(`${lines.join('\n')}\n`)])
  expect(kept?.isCut).toBe(true)
  const [log] = await readKeptLogs(records, 'abc')
  const [first = '', second = ''] = log?.content.split('\n') ?? []
  expect(first).toBe('# cut: its newest lines')
  expect(lines).toContain(second)
  expect(log?.content.endsWith(`${lines.at(-1)}\n`)).toBe(true)
})

it('nothing is kept of no logs', async () => {
  const records = memoryRecords()
  expect(await keepLogs(records, 'abc', [])).toEqual([])
  expect(await hasKeptLogs(records, 'abc')).toBe(false)
})
