import { Refusal } from './refusal.ts'
import type { Workspace } from './workspace.ts'

/** A file that was announced and perhaps already sent, not yet shared. */
interface Upload {
  readonly id: string
  readonly name: string
  readonly length: number
  readonly altText?: string
  bytes?: Buffer
  isComplete: boolean
}

/** Files on their way: announced, sent, then completed (files.getUploadURLExternal and on). */
export class Uploads {
  readonly #byId = new Map<string, Upload>()
  readonly #workspace: Workspace

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /** @returns the file's id; its content goes to `/upload/ID` */
  announce(file: { readonly name: string; readonly length: number; readonly altText?: string }): string {
    const id = this.#workspace.newId('F')
    this.#byId.set(id, { ...file, id, isComplete: false })
    return id
  }

  /**
   * Takes the content in.
   * @throws Refusal `file_not_found`, or `size_mismatch` when the length isn't the announced one
   */
  receive(id: string, bytes: Buffer): { readonly length: number } {
    const upload = this.#byId.get(id)
    if (upload === undefined || upload.bytes !== undefined) throw new Refusal('file_not_found')
    if (bytes.length !== upload.length) throw new Refusal('size_mismatch')
    upload.bytes = bytes
    return { length: bytes.length }
  }

  /**
   * Ends an upload.
   * @throws Refusal `file_not_found` when it was never announced or sent, or is complete already
   */
  complete(id: string): {
    readonly id: string
    readonly name: string
    readonly altText?: string
    readonly bytes: Buffer
  } {
    const upload = this.#byId.get(id)
    if (upload?.bytes === undefined || upload.isComplete) throw new Refusal('file_not_found')
    upload.isComplete = true
    return {
      id,
      name: upload.name,
      bytes: upload.bytes,
      ...(upload.altText === undefined ? {} : { altText: upload.altText }),
    }
  }
}
