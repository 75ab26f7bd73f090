/** What a value of JSON has to be, as far as anything here reads it. */
export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'null'
  /** Not read, or narrowed where it is read. */
  | 'unknown'
  /** A message of Envoy's with its own type beside it: what that type says, when it is one that is read. */
  | 'packed'
  /** A shape with a name, which may lead back to itself. */
  | { readonly of: string }
  | { readonly list: Shape }
  /** Every value, whatever its key. */
  | { readonly map: Shape }
  | { readonly either: readonly Shape[] }
  | ObjectShape

export interface ObjectShape {
  readonly fields: Readonly<Record<string, Shape>>
  /** Fields that may not be missing. */
  readonly needs?: readonly string[]
  /** Every value, whatever its key. */
  readonly map?: Shape
}

/** The shapes of the answers that are read, and of what they hold. */
export interface Shapes {
  readonly answers: Readonly<Record<string, Shape>>
  readonly named: Readonly<Record<string, Shape>>
  /** By the last part of a message's type. */
  readonly packed: Readonly<Record<string, Shape>>
}
