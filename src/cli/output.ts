import { visible } from '../mesh/visible.ts'

/** True when the reader of a pipe has gone (`| head`): nobody is left to tell. */
const isClosedPipe = (error: NodeJS.ErrnoException): boolean =>
  error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'

/** Lets a closed pipe end the output, not the process with a stack trace; to be called once. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!isClosedPipe(error)) throw error
    })
  }
}

/** Writes the answer to standard output; resolves when it is out, or when nobody reads it any more. */
export async function answer(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === undefined || error === null || isClosedPipe(error)) resolve()
      else reject(error)
    })
  })
}

/** Says something beside the answer, on standard error. Control characters of whatever it quotes are not obeyed. */
export function remark(text: string): void {
  process.stderr.write(`${visible(text)}\n`)
}
