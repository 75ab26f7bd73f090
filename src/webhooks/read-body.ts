import type { IncomingMessage } from 'node:http'

/** Milliseconds in which a body has to be here. */
const PATIENCE = 10_000
/** Bytes that are let pass unread, so that the sender comes to hear that its body is too large. */
const MOST_PASSED = 32 * 1024 * 1024

/** The raw body of a request; as it is, since signatures are of its bytes. Compressed ones are not taken apart, and then are no JSON. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer | 'too large' | 'cut off'> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = []
    let length = 0
    const end = (result: Buffer | 'too large' | 'cut off'): void => {
      clearTimeout(timer)
      request.off('data', take)
      resolve(result)
    }
    const take = (chunk: Buffer): void => {
      length += chunk.length
      if (length <= most) chunks.push(chunk)
      else chunks = []
      if (length > MOST_PASSED) {
        request.pause()
        end('too large')
      }
    }
    const timer = setTimeout(() => {
      request.destroy()
      end('cut off')
    }, PATIENCE)
    request
      .on('data', take)
      .once('end', () => end(length > most ? 'too large' : Buffer.concat(chunks)))
      .once('error', () => end('cut off'))
      .once('close', () => end('cut off'))
  })
}
