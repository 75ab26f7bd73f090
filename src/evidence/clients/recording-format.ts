import { z } from 'zod'
import { defined } from '../../mesh/defined.ts'

/** What the first field of a recording says. */
export const FORMAT = 'mesh-medic recording'
/** The newest version of the format that can be read, and the one that is written. Recordings of before have neither field. */
export const FORMAT_VERSION = 1

const Call = z.strictObject({
  /** What was asked: `kubernetes list services.v1 -A`, `istioctl proxy-status -o json`. Asked again, it is there again, in the order of asking. */
  call: z.string(),
  /** JSON that came back, or text; one of them unless it failed. */
  json: z.unknown().optional(),
  text: z.string().optional(),
  failed: z
    .strictObject({
      reason: z.enum(['forbidden', 'timeout', 'unavailable', 'unparsable']),
      detail: z.string(),
      permission: z
        .strictObject({
          verb: z.string(),
          group: z.string(),
          resource: z.string(),
          namespace: z.string().exactOptional(),
          name: z.string().exactOptional(),
        })
        .exactOptional(),
    })
    .optional(),
})
export type Call = z.infer<typeof Call>

const Look = z.strictObject({
  /** A step's id, or `diagnosis` or `follow` for the whole of it. */
  look: z.string(),
  at: z.iso.datetime(),
  until: z.iso.datetime(),
  milliseconds: z.number(),
  late: z.string().exactOptional(),
})

const Asked = z.strictObject({
  command: z.enum(['diagnose', 'follow']),
  /** As it was typed after the command, redacted. */
  words: z.string(),
  /** The same taken apart: what a replay compares. */
  question: z.record(z.string(), z.unknown()),
})
/** What a recording was made of. */
export type Asked = z.infer<typeof Asked>

/** Everything the clients really got from a mesh in one diagnosis, redacted. */
export const Recording = z.strictObject({
  format: z.literal(FORMAT).exactOptional(),
  version: z.number().exactOptional(),
  /** The version of mesh-medic that made it. */
  madeBy: z.string().exactOptional(),
  asked: Asked.exactOptional(),
  /** The kubeconfig's context, when commands name it. */
  context: z.string().exactOptional(),
  /** ISO time; a replay lives at this moment. */
  madeAt: z.string(),
  /** When each look was made, in the order of their beginnings. */
  looks: z.array(Look).exactOptional(),
  calls: z.array(Call),
})
export type Recording = z.infer<typeof Recording>

/** A recording as a file: one call a line, sorted, so that changes can be read. */
export function formatRecording({ format, version, madeBy, madeAt, asked, context, looks, calls }: Recording): string {
  const head = defined({ format, version, madeBy, madeAt, asked, context })
  const lines = calls.toSorted((a, b) => a.call.localeCompare(b.call, 'en')).map((call) => JSON.stringify(call))
  const times = looks === undefined ? '' : `,"looks":${JSON.stringify(looks)}`
  return `${JSON.stringify(head).slice(0, -1)},"calls":[\n${lines.join(',\n')}\n]${times}}\n`
}

/** Reads a recording file's text. Throws when it is not one. */
export function parseRecording(text: string): Recording {
  return Recording.parse(JSON.parse(text))
}
