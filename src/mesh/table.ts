/** What stands under each word: for words that are foreign text, as `constructor` and `toString` stand under nothing here. */
export const table = <T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.freeze(Object.assign(Object.create(null) as Record<string, T>, entries))
