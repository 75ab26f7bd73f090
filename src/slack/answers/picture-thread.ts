import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'
import { initWasm, Resvg } from '@resvg/resvg-wasm'

/** Pixels of the picture for each of the SVG's: Slack's previews are shown on dense screens. */
const ZOOM = 2
/** Without a font that is given to it resvg leaves out every text, silently. */
const FONTS = ['dejavu-fonts-ttf/ttf/DejaVuSans.ttf', 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf']

/** What the thread is asked for. */
export interface Drawing {
  id: number
  svg: string
}

/** What it answers: PNG, or why there is none. */
export type Drawn = { id: number; png: Uint8Array<ArrayBuffer> } | { id: number; why: string }

/** Loads the renderer and its fonts. */
async function load(): Promise<Buffer[]> {
  const { resolve } = createRequire(import.meta.url)
  const [wasm, ...fonts] = await Promise.all(
    ['@resvg/resvg-wasm/index_bg.wasm', ...FONTS].map((file) => readFile(resolve(file))),
  )
  await initWasm(wasm)
  return fonts
}

function draw(svg: string, fontBuffers: Buffer[]): Uint8Array<ArrayBuffer> {
  const drawing = new Resvg(svg, {
    font: { fontBuffers, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
    fitTo: { mode: 'zoom', value: ZOOM },
  })
  try {
    const image = drawing.render()
    try {
      return new Uint8Array(image.asPng())
    } finally {
      image.free()
    }
  } finally {
    drawing.free()
  }
}

// The entry of a thread of its own: drawing takes 50 to 400 ms, in which nothing else of its process goes on.
if (parentPort !== null) {
  const port = parentPort
  const loading = load()
  port.on('message', ({ id, svg }: Drawing) => {
    void loading
      .then((fonts): Drawn => ({ id, png: draw(svg, fonts) }))
      .catch((error: unknown): Drawn => ({ id, why: String(error) }))
      .then((drawn) => port.postMessage(drawn, 'png' in drawn ? [drawn.png.buffer] : []))
  })
}
