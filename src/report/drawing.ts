/** What all pictures are drawn with. They stand on a ground of their own, so that they are legible on a dark page and on a light one. */
const FONT = 'DejaVu Sans, sans-serif'
const GROUND = '#ffffff'
/** Lines of a text that is wrapped. */
const MOST_LINES = 4

/** Colours on the ground; each text has a contrast of 4.5 to 1 at least. */
export const INK = { text: '#1b2631', faint: '#566573', line: '#d5d8dc', axis: '#7f8c8d' } as const

/** A picture of its size, with the title that stands for it. */
export const svg = (
  { width, height, title }: { width: number; height: number; title: string },
  drawn: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${GROUND}"/>`,
    ...drawn,
    '</svg>',
  ].join('\n')

/** Text as XML may hold it: what came from a cluster may hold anything. */
export const escaped = (text: string): string =>
  text
    .replace(
      // eslint-disable-next-line no-control-regex -- XML has no control characters
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '�',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')

/** About as wide as DejaVu Sans sets a text, in pixels; rather too wide. */
export const widthOf = (text: string, size: number, weight = 'normal'): number =>
  Array.from(text).reduce(
    (sum, char) =>
      sum + (/[fijlrtI.,:;'|!()[\]/ -]/.test(char) ? 0.42 : /[a-ln-vx-zA-LN-VX-Z0-9_]/.test(char) ? 0.66 : 1.02),
    0,
  ) *
  size *
  (weight === 'bold' ? 1.12 : 1)

/** As much of a text as fits. */
export function cut(text: string, width: number, size: number, weight?: string): string {
  if (widthOf(text, size, weight) <= width) return text
  let kept = Array.from(text).slice(0, Math.ceil(width / (size * 0.3)))
  while (kept.length > 0 && widthOf(`${kept.join('')}…`, size, weight) > width) kept = kept.slice(0, -1)
  return `${kept.join('')}…`
}

/** A text in lines that fit, as many as there may be; words that are too long are cut. */
export function wrapped(text: string, width: number, size: number): string[] {
  const lines = ['']
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? ''
    const longer = last === '' ? word : `${last} ${word}`
    if (widthOf(longer, size) <= width) lines[lines.length - 1] = longer
    else if (lines.length === MOST_LINES) return [...lines.slice(0, -1), cut(`${last} …`, width, size)]
    else if (last === '') lines[0] = cut(word, width, size)
    else lines.push(cut(word, width, size))
  }
  return lines
}

/** One line of text; `anchor` says which end of it stands at `x`. */
export const label = (
  x: number,
  y: number,
  size: number,
  fill: string,
  text: string,
  weight = 'normal',
  anchor: 'start' | 'middle' | 'end' = 'start',
): string =>
  `<text x="${x}" y="${y}" font-family="${FONT}" font-size="${size}" font-weight="${weight}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`} fill="${fill}">${escaped(text)}</text>`
