import { RESOURCES } from '../../src/evidence/collectors/objects.ts'
import { SHAPES } from '../../src/mesh/shape/shapes.ts'
import type { Shape } from '../../src/mesh/shape/shape.ts'

/** A field of an answer that has a type: where it stands, and what it may be instead. */
export interface TypedField {
  /** `spec.hosts.*`, the same for every element of a list. */
  path: string
  holder: Record<string, unknown>
  key: string
  /** Values of other types. */
  others: readonly unknown[]
}

const OTHERS = { string: [7, { odd: 1 }], number: ['odd', [7]], boolean: ['odd', 1], list: ['odd', { odd: 1 }], object: ['odd', [7]] } as const // prettier-ignore

function othersOf(shape: Shape): readonly unknown[] {
  if (shape === 'string' || shape === 'number' || shape === 'boolean') return OTHERS[shape]
  if (typeof shape === 'object' && 'of' in shape) return othersOf(SHAPES.named[shape.of] ?? 'unknown')
  if (typeof shape === 'object' && 'list' in shape) return OTHERS.list
  if (typeof shape === 'object' && 'either' in shape) return [[{ odd: 1 }]]
  return shape === 'unknown' || shape === 'null' ? [] : OTHERS.object
}

/** The typed fields of an answer, each kind of field once. */
export function typedFields(answer: string, json: unknown): TypedField[] {
  const found = new Map<string, TypedField>()
  const walk = (value: unknown, shape: Shape, path: string): void => {
    if (shape === 'packed') {
      const type = (value as { '@type'?: unknown })['@type']
      const last = typeof type === 'string' ? type.slice(type.lastIndexOf('.') + 1) : ''
      walk(value, SHAPES.packed[last] ?? 'unknown', `${path}<${last}>`)
      return
    }
    if (typeof shape === 'string' || value === null || typeof value !== 'object') return
    if ('of' in shape) {
      walk(value, SHAPES.named[shape.of] ?? 'unknown', path)
      return
    }
    const holder = value as Record<string, unknown>
    const each = (key: string, inner: Shape, name: string): void => {
      const here = `${path}.${name}`
      const others = othersOf(inner)
      if (holder[key] === undefined || holder[key] === null) return
      if (others.length > 0 && !found.has(here)) found.set(here, { path: here, holder, key, others })
      walk(holder[key], inner, here)
    }
    if ('list' in shape) for (const key of Object.keys(value)) each(key, shape.list, '*')
    if ('fields' in shape) for (const [key, inner] of Object.entries(shape.fields)) each(key, inner, key)
    if ('map' in shape)
      for (const key of Object.keys(value)) if (!('fields' in shape && key in shape.fields)) each(key, shape.map, '*')
  }
  const shape = SHAPES.answers[answer]
  if (shape !== undefined) walk(json, shape, answer)
  return [...found.values()]
}

/** Which answer a call of a recording got; undefined for text and for what is asked of people's rights. */
export function answerOf(call: string): string | undefined {
  const [program = '', command = '', what = ''] = call.split(' ')
  if (program === 'istioctl' && command === 'proxy-config') return what === 'secret' ? 'secrets' : what
  if (program === 'istioctl' && command === 'proxy-status') return 'proxy-status'
  if (program === 'istioctl' && command === 'analyze') return 'analyzer-messages'
  if (program !== 'kubernetes' || command !== 'list') return undefined
  return Object.entries(RESOURCES).find(
    ([, { plural, group, version }]) =>
      what.startsWith(`${plural}.`) && what.endsWith(group === '' ? `.${version}` : `.${group}`),
  )?.[0]
}
