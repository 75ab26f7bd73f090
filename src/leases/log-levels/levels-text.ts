/** `http:debug, router:debug` */
export const levelsText = (levels: Readonly<Record<string, string>>): string =>
  Object.entries(levels)
    .map(([logger, level]) => `${logger}:${level}`)
    .join(', ')
