import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FIXES } from '../../../src/fixes/proposals/index.ts'
import { CHECKS } from '../../../src/checks/index.ts'
import { proposalCases } from './proposed.ts'

const files = readdirSync(join(import.meta.dirname, '../../../src/fixes/proposals'))
  .filter((file) => file !== 'index.ts')
  .map((file) => file.replace(/\.ts$/, ''))

it('is every fix, sorted by act, each in a file of its name, with cases', () => {
  expect(FIXES.map(({ act }) => act)).toEqual([...files].sort())
  expect([...proposalCases().keys()].sort()).toEqual([...files].sort())
})

it('mends findings that some check makes', () => {
  const codes = new Set<string>(CHECKS.flatMap(({ problems }) => Object.keys(problems)))
  expect(
    FIXES.flatMap((fix) => fix.codes.filter((code) => !codes.has(code)).map((code) => `${fix.act}: ${code}`)),
  ).toEqual([])
})
