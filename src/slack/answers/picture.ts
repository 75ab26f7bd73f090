import { Worker } from 'node:worker_threads'
import type { Drawing, Drawn } from './picture-thread.ts'

/** Beside this file as it is written, and beside the chunk that it becomes part of. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './picture-thread.ts' : './picture-thread.js', import.meta.url)

/** The thread that draws, and who waits for what. */
interface Drawer {
  thread: Worker
  waiting: Map<number, { resolve(png: Buffer): void; reject(why: Error): void }>
}
let drawer: Drawer | undefined
let asked = 0

/** Starts the thread, which ends with the process; one that breaks is started anew for the next picture. */
function openDrawer(): Drawer {
  const thread = new Worker(ENTRY)
  const opened: Drawer = { thread, waiting: new Map() }
  const settled = ({ id, ...drawn }: Drawn): void => {
    const asker = opened.waiting.get(id)
    opened.waiting.delete(id)
    if (opened.waiting.size === 0) thread.unref()
    if ('png' in drawn) asker?.resolve(Buffer.from(drawn.png.buffer))
    else asker?.reject(new Error(drawn.why))
  }
  const broken = (error: Error): void => {
    if (drawer === opened) drawer = undefined
    for (const asker of opened.waiting.values()) asker.reject(error)
    opened.waiting.clear()
  }
  thread.on('message', settled)
  thread.on('error', broken)
  thread.on('exit', () => broken(new Error('the thread that draws has ended')))
  return opened
}

/** Pictures that are kept, by their SVG, the one used last at the end. */
const drawn = new Map<string, Promise<Buffer>>()
/** Each is about 100 kB. */
const MOST_KEPT = 32

/**
 * An SVG as PNG; its texts are set in DejaVu Sans. Rejects when the SVG is none. It is drawn in a thread of its own, and
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

function draw(svg: string): Promise<Buffer> {
  const { thread, waiting } = (drawer ??= openDrawer())
  return new Promise((resolve, reject) => {
    const id = (asked += 1)
    waiting.set(id, { resolve, reject })
    // While a picture is waited for, the process does not end.
    thread.ref()
    thread.postMessage({ id, svg } satisfies Drawing)
  })
}
