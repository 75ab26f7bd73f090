import type { ServerResponse } from 'node:http'

import type { StoredFile } from '../records.ts'
import { codeBlockHtml } from '../rendering/code-html.ts'

/** Pictures that a browser shows and that run nothing. */
const PICTURES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

/** Characters of a text file that are shown; the rest is in the file. */
const MOST_SHOWN = 200_000

/** Whether the page shows a file as a picture. */
export const isPicture = ({ mimetype }: StoredFile): boolean => PICTURES.has(mimetype)

/** Whether the page shows a file's text. */
export const isText = ({ mimetype, name }: StoredFile): boolean =>
  mimetype.startsWith('text/') || mimetype === 'application/json' || /\.(?:patch|diff)$/i.test(name)

/** Where the page has a file. */
export const fileAddress = ({ id, name }: StoredFile): string => `/page/file/${id}/${encodeURIComponent(name)}`

/** A text file as the page shows it. */
export const fileTextHtml = (file: StoredFile): string => {
  const text = file.bytes.toString('utf8')
  const rest = text.length - MOST_SHOWN
  return `${codeBlockHtml(text.slice(0, MOST_SHOWN))}${rest > 0 ? `<p class="muted">${rest} more characters are in the file.</p>` : ''}`
}

/** Sends a file: a picture to be shown, anything else to be kept. It runs nothing, and no other page may have it. */
export const sendFile = (response: ServerResponse, file: StoredFile): void => {
  const shown = isPicture(file)
  response
    .writeHead(200, {
      'content-type': shown ? file.mimetype : 'application/octet-stream',
      'content-disposition': `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(file.name)}`,
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    .end(file.bytes)
}
