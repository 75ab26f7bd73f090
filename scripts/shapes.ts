import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import ts from 'typescript'
import type { Shape, Shapes } from '../src/mesh/shape/shape.ts'

const SOURCES = join(import.meta.dirname, '..', 'src')
const FILE = join(SOURCES, 'mesh', 'shape', 'shapes.ts')

/** The interface whose fields are the answers that are read, and the one of Envoy's packed messages. */
const ROOTS = {
  answers: ['evidence/answers.ts', 'Answers'],
  packed: ['mesh/walk/packed.ts', 'PackedMessages'],
} as const

/** Beside a message of Envoy's stands its type. */
const TYPE = '@type'

/** Makes shapes of types: the fields that code can read are those that its types name. */
class ShapesOfTypes {
  readonly named = new Map<string, Shape>()
  private readonly checker: ts.TypeChecker
  constructor(checker: ts.TypeChecker) {
    this.checker = checker
  }

  of(type: ts.Type, where: string): Shape {
    const { flags } = type
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.Never)) return 'unknown'
    if (flags & ts.TypeFlags.StringLike) return 'string'
    if (flags & ts.TypeFlags.NumberLike) return 'number'
    if (flags & ts.TypeFlags.BooleanLike) return 'boolean'
    if (flags & ts.TypeFlags.Null) return 'null'
    if (type.isUnion()) return this.ofUnion(type, where)
    // `string & {}`: any text, beside those that are known.
    if (type.isIntersection() && type.types.some((one) => one.flags & ts.TypeFlags.StringLike)) return 'string'
    if (this.checker.isArrayType(type) || this.checker.isTupleType(type)) {
      const inner = this.checker.getTypeArguments(type as ts.TypeReference)
      return { list: either(inner.map((one) => this.of(one, where))) }
    }
    return this.ofObject(type, where)
  }

  private ofUnion(type: ts.UnionType, where: string): Shape {
    return either(type.types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined)).map((one) => this.of(one, where)))
  }

  private ofObject(type: ts.Type, where: string): Shape {
    if (type.isIntersection() && this.checker.getPropertyOfType(type, TYPE) !== undefined) return 'packed'
    const name = nameOf(type)
    if (name === undefined) return this.fieldsOf(type, where)
    if (!this.named.has(name)) {
      this.named.set(name, 'unknown')
      this.named.set(name, this.fieldsOf(type, where))
    }
    return { of: name }
  }

  private fieldsOf(type: ts.Type, where: string): Shape {
    if (type.getCallSignatures().length > 0) throw new Error(`${where} is a function`)
    const fields: Record<string, Shape> = {}
    const needs: string[] = []
    for (const property of this.checker.getPropertiesOfType(type)) {
      const { name } = property
      // A symbol of ours stands in no JSON.
      if (name.startsWith('__@')) continue
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0
      const shape = this.of(this.checker.getTypeOfSymbol(property), `${where}.${name}`)
      if (isOptional && shape === 'unknown') continue
      fields[name] = shape
      if (!isOptional) needs.push(name)
    }
    const values = this.checker.getIndexInfoOfType(type, ts.IndexKind.String)?.type
    const map = values === undefined ? undefined : this.of(values, `${where}[]`)
    if (Object.keys(fields).length === 0 && map !== undefined) return { map }
    return {
      fields,
      ...(needs.length > 0 && { needs }),
      ...(map !== undefined && map !== 'unknown' && { map }),
    }
  }
}

/** The same shape once, in an order that does not depend on which type the compiler met first; what may be anything is anything. */
function either(shapes: readonly Shape[]): Shape {
  const byText = new Map(shapes.map((one) => [JSON.stringify(one), one]))
  const distinct = [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  if (distinct.includes('unknown') || distinct.length === 0) return 'unknown'
  const [only] = distinct
  return distinct.length === 1 && only !== undefined ? only : { either: distinct }
}

/** `envoy.Listener`; undefined for what stands in another type, or is made of parameters. */
function nameOf(type: ts.Type): string | undefined {
  const isPlain = ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Interface) !== 0
  const symbol = type.getSymbol()
  const file = symbol?.declarations?.[0]?.getSourceFile().fileName
  if (
    !isPlain ||
    symbol === undefined ||
    file === undefined ||
    ((type as ts.InterfaceType).typeParameters ?? []).length > 0
  )
    return undefined
  return `${basename(file, '.ts')}.${symbol.name}`
}

/** The shapes of all answers, from the types that the code reads them by. */
export function shapesOfTypes(): Shapes {
  const program = ts.createProgram({
    rootNames: Object.values(ROOTS).map(([file]) => join(SOURCES, file)),
    options: {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.NodeNext,
      strict: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
    },
  })
  const checker = program.getTypeChecker()
  const made = new ShapesOfTypes(checker)
  const fieldsOf = ([file, name]: readonly [string, string]): Record<string, Shape> => {
    const source = program.getSourceFile(join(SOURCES, file))
    const symbol = source && checker.getSymbolAtLocation(source)
    const root = symbol && checker.getExportsOfModule(symbol).find((one) => one.name === name)
    if (root === undefined) throw new Error(`${file} has no ${name}`)
    return Object.fromEntries(
      checker
        .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(root))
        .map((property) => [property.name, made.of(checker.getTypeOfSymbol(property), property.name)]),
    )
  }
  const [answers, packed] = [fieldsOf(ROOTS.answers), fieldsOf(ROOTS.packed)]
  return { answers, packed, named: Object.fromEntries([...made.named].toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

/** The text of src/mesh/shape/shapes.ts. */
export async function shapesModule(): Promise<string> {
  const text = `import type { Shapes } from './shape.ts'

/** Made from the types that answers are read by (src/evidence/answers.ts), with \`npm run shapes\`; a test keeps the two equal. */
export const SHAPES: Shapes = ${JSON.stringify(shapesOfTypes())}
`
  return format(text, { ...(await resolveConfig(FILE)), filepath: FILE })
}

if (import.meta.filename === process.argv[1]) writeFileSync(FILE, await shapesModule())
