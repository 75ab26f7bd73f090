/** An object's type without the values that are undefined: properties that may be undefined become optional. */
export type Defined<T extends object> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Leaves out the properties that are undefined; for optional properties, which may be absent but not undefined. */
export function defined<T extends object>(object: T): Defined<T> {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(object)) if (value !== undefined) kept[name] = value
  return kept as Defined<T>
}
