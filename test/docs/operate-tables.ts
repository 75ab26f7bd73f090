import { z } from 'zod'
import { ConfigFile } from '../../src/config/file.ts'
import { VARIABLES } from '../../src/config/variables.ts'
import { CAPTURE_PERMISSIONS, OPERATOR_PERMISSIONS, PERMISSIONS, type NeededPermission } from '../../src/evidence/permissions.ts'

/** The reference tables of docs/reference.md, each from what the code itself uses. */
export const TABLES: Readonly<Record<string, () => string>> = {
  variables,
  file,
  permissions: () => permissions(PERMISSIONS),
  'operator permissions': () => permissions(OPERATOR_PERMISSIONS),
  'capture permissions': () => permissions(CAPTURE_PERMISSIONS),
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

function variables(): string {
  return table(['Variable', 'What it is'], Object.entries(VARIABLES).filter(([name]) => name !== 'HOME').map(([name, { about }]) => [`\`${name}\``, about]))
}

interface JsonSchema { description?: string; type?: string; properties?: Record<string, JsonSchema>; additionalProperties?: JsonSchema | boolean; items?: JsonSchema }

function file(): string {
  return table(['Key', 'Type', 'What it is'], rows('', z.toJSONSchema(ConfigFile, { io: 'input' }) as JsonSchema))
}

function rows(path: string, schema: JsonSchema): string[][] {
  const own = schema.description === undefined ? [] : [[`\`${path}\``, schema.type === 'array' ? `list of ${schema.items?.type ?? ''}s` : schema.type === 'object' ? 'map' : (schema.type ?? ''), schema.description]]
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, one]) => rows(path === '' ? key : `${path}.${key}`, one))
  const each = typeof schema.additionalProperties === 'object' ? rows(`${path}.NAME`, schema.additionalProperties) : []
  return [...own, ...inner, ...each]
}

function permissions(asked: readonly NeededPermission[]): string {
  return table(['Verb', 'Resource', 'Where', 'Why'], asked.map(({ verb, group, resource, namespace, name, why, caution }) =>
    [verb, `\`${resource}${group === '' ? '' : `.${group}`}\`${name === undefined ? '' : ` ${name}`}`, namespace ?? 'cluster', `${why}${caution === undefined ? '' : `. ${caution}`}`]))
}
