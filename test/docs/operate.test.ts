import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfigText } from '../../src/config/read-file.ts'
import { TABLES } from './operate-tables.ts'

const page = (name: string): string => readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8')

describe('docs/reference.md', () => {
  it.each(Object.entries(TABLES))('its table of %s is what the code has', (name, table) => {
    expect(page('reference.md').split(`<!-- table: ${name} -->\n`)[1]?.split('\n\n')[0]).toBe(table())
  })

})

describe('docs/operate.md', () => {
  it('its examples of a file are good ones', () => {
    const examples = [...page('operate.md').matchAll(/```yaml\n(clusters:[\s\S]*?)```/g)].map(([, yaml = '']) => yaml)
    expect(examples.length).toBeGreaterThan(1)
    expect(examples.flatMap((yaml) => readConfigText(yaml, 'operate.md').problems)).toEqual([])
  })
})
