import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface LockEntry {
  resolved?: string
  optionalDependencies?: Record<string, string>
  link?: boolean
  integrity?: string
}
const lock = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockEntry>
}
const entries = Object.entries(lock.packages)

it('holds no addresses, so that any registry can serve it', () => {
  expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([name]) => name)).toEqual([])
})

it('has an integrity for every package', () => {
  expect(
    entries
      .filter(([name, { integrity, link }]) => name !== '' && link !== true && integrity === undefined)
      .map(([name]) => name),
  ).toEqual([])
})

it('has an entry for every optional platform package, so that npm ci works on each platform', () => {
  const missing = entries.flatMap(([name, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(
        (wanted) =>
          lock.packages[`${name === '' ? '' : `${name}/`}node_modules/${wanted}`] === undefined &&
          lock.packages[`node_modules/${wanted}`] === undefined,
      )
      .map((wanted) => `${name || 'mesh-medic'} wants ${wanted}`),
  )
  expect(missing).toEqual([])
})
