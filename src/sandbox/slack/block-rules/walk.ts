import { isFields } from '../../../mesh/fields.ts'
import type { Rule, Shape, Variants } from './rule.ts'

/**
 * Compares a value with a rule.
 * @param pointer where the value is, as a JSON pointer
 * @returns what is wrong, in Slack's words and form: `must be … [json-pointer:/blocks/0]`
 */
export const walk = (rule: Rule, value: unknown, pointer: string): readonly string[] => {
  const wrong = (what: string) => [`${what} [json-pointer:${pointer}]`]
  switch (rule.is) {
    case 'string': {
      if (typeof value !== 'string') return wrong('must be a string')
      if (value.length < rule.min) return wrong(`must be more than ${rule.min - 1} characters`)
      if (value.length > rule.max) return wrong(`must be less than ${rule.max + 1} characters`)
      return rule.like !== undefined && !rule.like.test(value) ? wrong(`must be ${rule.named ?? 'valid'}`) : []
    }
    case 'choice':
      return typeof value === 'string' && rule.of.includes(value) ? [] : wrong(`must be one of: ${rule.of.join(', ')}`)
    case 'flag':
      return typeof value === 'boolean' ? [] : wrong('must be a boolean')
    case 'number':
      return typeof value === 'number' &&
        (!rule.whole || Number.isInteger(value)) &&
        value >= rule.min &&
        value <= rule.max
        ? []
        : wrong(`must be a ${rule.whole ? 'whole ' : ''}number from ${rule.min} to ${rule.max}`)
    case 'list': {
      if (!Array.isArray(value)) return wrong('must be an array')
      if (value.length < rule.min) return wrong(`must have at least ${rule.min} item${rule.min === 1 ? '' : 's'}`)
      if (value.length > rule.max) return wrong(`no more than ${rule.max} items allowed`)
      return value.flatMap((item, index) => walk(rule.of, item, `${pointer}/${index}`))
    }
    case 'any object':
      return isFields(value) ? [] : wrong('must be an object')
    case 'variants':
      return walkVariants(rule, value, pointer)
    case 'shape':
      return walkShape(rule, value, pointer)
  }
}

const walkVariants = (rule: Variants, value: unknown, pointer: string): readonly string[] => {
  if (!isFields(value)) return [`must be an object [json-pointer:${pointer}]`]
  const { type } = value
  const variant = typeof type === 'string' ? rule.of()[type] : undefined
  if (variant !== undefined) return walkShape(variant, value, pointer)
  return [
    type === undefined
      ? `missing required field: type [json-pointer:${pointer}]`
      : `unsupported type: ${JSON.stringify(type)} [json-pointer:${pointer}/type]`,
  ]
}

const walkShape = (rule: Shape, value: unknown, pointer: string): readonly string[] => {
  if (!isFields(value)) return [`must be an object [json-pointer:${pointer}]`]
  const problems: string[] = []
  const known = new Set<string>()
  for (const [field, of] of Object.entries(rule.fields)) {
    const isOptional = field.endsWith('?')
    const name = isOptional ? field.slice(0, -1) : field
    known.add(name)
    if (value[name] === undefined) {
      if (!isOptional) problems.push(`missing required field: ${name} [json-pointer:${pointer}]`)
    } else {
      problems.push(...walk(of, value[name], `${pointer}/${name}`))
    }
  }
  for (const name of Object.keys(value)) {
    if (!known.has(name)) problems.push(`invalid additional property: ${name} [json-pointer:${pointer}]`)
  }
  if (rule.needsOneOf?.every((name) => value[name] === undefined) === true) {
    problems.push(`missing required field: ${rule.needsOneOf.join(' or ')} [json-pointer:${pointer}]`)
  }
  const together = (rule.apart ?? []).filter((name) => value[name] !== undefined)
  if (together.length > 1) problems.push(`only one of ${together.join(', ')} allowed [json-pointer:${pointer}]`)
  // A further condition may rely on the fields being right.
  if (problems.length > 0) return problems
  const reason = rule.also?.(value)
  return reason === undefined ? [] : [`${reason} [json-pointer:${pointer}]`]
}
