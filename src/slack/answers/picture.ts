import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { initWasm, Resvg } from '@resvg/resvg-wasm'

/** Pixels of the picture for each of the SVG's: Slack's previews are shown on dense screens. */
const ZOOM = 2
/** Without a font that is given to it resvg leaves out every text, silently. */
const FONTS = ['dejavu-fonts-ttf/ttf/DejaVuSans.ttf', 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf']

const { resolve } = createRequire(import.meta.url)

let loading: Promise<Buffer[]> | undefined

/** Loads the renderer and its fonts. */
async function load(): Promise<Buffer[]> {
  const [wasm, ...fonts] = await Promise.all(
    ['@resvg/resvg-wasm/index_bg.wasm', ...FONTS].map((file) => readFile(resolve(file))),
  )
  // It is loaded once a process: a second copy of this module finds it there.
  if (wasm !== undefined)
    await initWasm(wasm).catch((error: unknown) => {
      if (!String(error).includes('Already initialized')) throw error
    })
  return fonts
}

/** Pictures that are kept, by their SVG, the one used last at the end. */
const drawn = new Map<string, Promise<Buffer>>()
/** Each is about 100 kB. */
const MOST_KEPT = 32

/**
 * An SVG as PNG; its texts are set in DejaVu Sans. Rejects when the SVG is none. Drawing keeps the process busy for tens of milliseconds, and
 * the path of an unchanged mesh is asked for again and again: the last ones are kept.
 */
export async function picture(svg: string): Promise<Buffer> {
  const known = drawn.get(svg)
  const png = known ?? draw(svg)
  drawn.delete(svg)
  drawn.set(svg, png)
  for (const oldest of drawn.keys()) {
    if (drawn.size <= MOST_KEPT) break
    drawn.delete(oldest)
  }
  try {
    return await png
  } catch (error) {
    if (drawn.get(svg) === png) drawn.delete(svg)
    throw error
  }
}

async function draw(svg: string): Promise<Buffer> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  const fontBuffers = await loading
  const drawing = new Resvg(svg, {
    font: { fontBuffers, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
    fitTo: { mode: 'zoom', value: ZOOM },
  })
  try {
    const image = drawing.render()
    try {
      return Buffer.from(image.asPng())
    } finally {
      image.free()
    }
  } finally {
    drawing.free()
  }
}
