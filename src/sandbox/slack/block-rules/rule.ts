/** What a value in a block has to be. Rules are data; `walk.ts` reads them. */
export type Rule =
  | {
      readonly is: 'string'
      readonly min: number
      readonly max: number
      readonly like?: RegExp
      readonly named?: string
    }
  | { readonly is: 'choice'; readonly of: readonly string[] }
  | { readonly is: 'flag' }
  | { readonly is: 'number'; readonly whole: boolean; readonly min: number; readonly max: number }
  | { readonly is: 'list'; readonly of: Rule; readonly min: number; readonly max: number }
  | Shape
  | Variants
  | { readonly is: 'any object' }

/** Fields of an object. A name that ends in "?" may be left out; a name that isn't listed may not occur. */
export interface Shape {
  readonly is: 'shape'
  readonly fields: Readonly<Record<string, Rule>>
  /** One of these has to be there. */
  readonly needsOneOf?: readonly string[]
  /** No two of these together. */
  readonly apart?: readonly string[]
  /** A further condition. @returns what is wrong */
  readonly also?: (value: Readonly<Record<string, unknown>>) => string | undefined
}

/** An object whose `type` decides about its fields. */
export interface Variants {
  readonly is: 'variants'
  /** A function, as shapes contain each other. */
  readonly of: () => Readonly<Record<string, Shape>>
}

/** A string of `min` (default 1) to `max` characters. */
export const string = (max: number, min = 1): Rule => ({ is: 'string', min, max })

/** A string that has to look like something; `named` says like what. */
export const stringLike = (like: RegExp, named: string, max = 3_000): Rule => ({
  is: 'string',
  min: 1,
  max,
  like,
  named,
})

export const choice = (...of: readonly string[]): Rule => ({ is: 'choice', of })

export const flag: Rule = { is: 'flag' }

export const whole = (min: number, max: number): Rule => ({ is: 'number', whole: true, min, max })

export const list = (of: Rule, max: number, min = 1): Rule => ({ is: 'list', of, min, max })

export const shape = (fields: Shape['fields'], more: Omit<Shape, 'is' | 'fields'> = {}): Shape => ({
  is: 'shape',
  fields,
  ...more,
})

export const variants = (of: Variants['of']): Variants => ({ is: 'variants', of })
