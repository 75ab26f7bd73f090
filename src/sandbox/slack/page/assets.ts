import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Asset {
  readonly type: string
  readonly body: Buffer
}

// The build puts them beside the file that this one becomes part of.
const read = (name: string): Buffer => readFileSync(join(import.meta.dirname, name))

/** The page's style and script, by path; no font, picture or script comes from elsewhere. */
export const ASSETS: Readonly<Record<string, Asset>> = {
  '/page/page.css': { type: 'text/css; charset=utf-8', body: read('page.css') },
  '/page/page.js': { type: 'text/javascript; charset=utf-8', body: read('page.js') },
}
