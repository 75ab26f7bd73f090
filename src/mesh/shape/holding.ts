import type { ObjectShape, Shape, Shapes } from './shape.ts'

/** Types of packed messages that are remembered. */
const MOST_TYPES = 1000

/** What is not as it should be: where, innermost first, and what is there. */
class Wrong {
  readonly path: string[] = []
  readonly expected: string
  readonly found: unknown
  constructor(expected: string, found: unknown) {
    this.expected = expected
    this.found = found
  }

  within(key: string): this {
    this.path.push(key)
    return this
  }
}
/** Answers the value without what is null where it may be missing, the same one when there is no such thing; or what is wrong with it. */
type Held = (value: unknown) => unknown

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value)

const listOf =
  (inner: Held): Held =>
  (value) => {
    if (!Array.isArray(value)) return new Wrong('a list', value)
    let copy: unknown[] | undefined
    for (let at = 0; at < value.length; at += 1) {
      const one: unknown = value[at]
      const held = inner(one)
      if (held === one) continue
      if (held instanceof Wrong) return held.within(String(at))
      copy ??= [...(value as unknown[])]
      copy[at] = held
    }
    return copy ?? (value as unknown)
  }

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Functions that hold values against shapes, made once for each shape. */
export class Holding {
  private readonly shapes: Shapes
  private readonly named = new Map<string, Held>()
  private readonly packed = new Map<string, Held>()
  private readonly answers = new Map<string, Held>()

  constructor(shapes: Shapes) {
    this.shapes = shapes
  }

  /**
   * The answer, in which null where a field may be missing is missing.
   *
   * @throws {SyntaxError} that says what of it is not of the type that it is read by: `2.spec.hosts: expected a list, found string`
   */
  hold<T>(answer: string, value: T): T {
    let held = this.answers.get(answer)
    if (held === undefined) {
      const shape = this.shapes.answers[answer]
      if (shape === undefined) throw new Error(`no shape of ${answer}: npm run shapes`)
      this.answers.set(answer, (held = this.of(shape)))
    }
    const found = held(value)
    if (!(found instanceof Wrong)) return found as T
    const where = found.path.length === 0 ? 'the answer' : found.path.toReversed().join('.')
    throw new SyntaxError(
      `the answer does not have the expected form (${where}: expected ${found.expected}, found ${typeOf(found.found)})`,
    )
  }

  private of(shape: Shape): Held {
    if (shape === 'unknown') return (value) => value
    if (shape === 'packed') return (value) => this.packedMessage(value)
    if (shape === 'null') return (value) => (value === null ? value : new Wrong('null', value))
    if (typeof shape === 'string') return (value) => (typeof value === shape ? value : new Wrong(`a ${shape}`, value))
    if ('of' in shape) return this.ofNamed(shape.of)
    if ('list' in shape) return listOf(this.of(shape.list))
    if ('either' in shape) return this.ofAny(shape.either)
    return this.ofObject('fields' in shape ? shape : { fields: {}, map: shape.map })
  }

  private ofAny(shapes: readonly Shape[]): Held {
    const any = shapes.map((one) => this.of(one))
    return (value) => {
      let first: unknown
      for (const one of any) {
        const held = one(value)
        if (!(held instanceof Wrong)) return held
        first ??= held
      }
      return first
    }
  }

  private ofObject({ fields, needs = [], map }: ObjectShape): Held {
    const inner = Object.entries(fields).map(([name, shape]) => [name, this.of(shape), needs.includes(name)] as const)
    const values = map === undefined || map === 'unknown' ? undefined : this.of(map)
    return (value) => {
      if (!isObject(value)) return new Wrong('an object', value)
      let copy: Record<string, unknown> | undefined
      for (const [name, hold, isNeeded] of inner) {
        const one = value[name]
        if (one === undefined) {
          if (isNeeded) return new Wrong('something', one).within(name)
          continue
        }
        // Go writes a list that is not there as null, and a time that was never set.
        const held = one === null && !isNeeded ? undefined : hold(one)
        if (held === one) continue
        if (held instanceof Wrong) return held.within(name)
        copy ??= { ...value }
        copy[name] = held
      }
      if (values !== undefined)
        for (const name of Object.keys(value)) {
          const one = value[name]
          const held = values(one)
          if (held === one) continue
          if (held instanceof Wrong) return held.within(name)
          copy ??= { ...value }
          copy[name] = held
        }
      return copy ?? value
    }
  }

  /** Made when it is first met: a shape may lead back to itself. */
  private ofNamed(name: string): Held {
    return (value) => {
      let held = this.named.get(name)
      if (held === undefined) this.named.set(name, (held = this.of(this.shapes.named[name] ?? 'unknown')))
      return held(value)
    }
  }

  private packedMessage(value: unknown): unknown {
    if (!isObject(value)) return new Wrong('an object', value)
    const { '@type': type } = value
    if (type === undefined) return value
    if (typeof type !== 'string') return new Wrong('a string', type).within('@type')
    let held = this.packed.get(type)
    if (held === undefined) {
      held = this.of(this.shapes.packed[type.slice(type.lastIndexOf('.') + 1)] ?? 'unknown')
      // The types are few; somebody else's text may be many.
      if (this.packed.size < MOST_TYPES) this.packed.set(type, held)
    }
    return held(value)
  }
}
