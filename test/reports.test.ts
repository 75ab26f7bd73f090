import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { describe, expect, it } from 'vitest'
import { inNamespace, REPORTS, reports } from './report.ts'

interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string }
}

const all = reports()

describe('the meshes rebuilt from public reports', () => {
  it('each have a namespace of their own', () => {
    expect(new Set(all.map(({ namespace }) => namespace)).size).toBe(all.length)
  })

  it.each(all)('$name: what is true of it names objects that are in it', (report) => {
    const folder = join(REPORTS, report.name)
    const files = [
      ...report.manifests.map((name) => join(REPORTS, 'manifests', `${name}.yaml`)),
      join(folder, 'first.yaml'),
      join(folder, 'mesh.yaml'),
    ]
    const made = files
      .filter((file) => existsSync(file))
      .flatMap((file) =>
        parseAllDocuments(inNamespace(readFileSync(file, 'utf8'), report.namespace).replaceAll(/\$TLS\(.*\)/g, '{}')),
      )
      .map((document) => document.toJS() as Manifest)
      .map(({ kind, metadata: { name, namespace = report.namespace } }) => `${kind} ${namespace}/${name}`)
    const { truth } = report
    expect(made).toEqual(
      expect.arrayContaining(truth.verdict === 'ill' ? [...truth.subjects, ...truth.acceptable] : []),
    )
    const isMended = readdirSync(folder).includes('mended.yaml') || report.mended.delete.length > 0
    expect(isMended || report.mended.requests !== undefined).toBe(truth.verdict === 'ill')
  })
})
