/**
 * npm run pin-images -- --istio 1.30.3 --image YOUR-REGISTRY/mesh-medic:0.1.0
 *
 * Writes the digest of every image into what deploys it: base images into deploy/Dockerfile, Redis into deploy/compose.yaml, and with `--image` the bot's own
 * into deploy/manifests/bot.yaml. A tag may come to mean another image; a digest does not. Docker says which digest a tag has now.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { execa } from 'execa'

const DEPLOY = join(import.meta.dirname, '..', 'deploy')

/** `ARG NODE_IMAGE=node:26-slim`, `image: redis:7-alpine`. */
const IMAGE = /^(ARG \w+_IMAGE=|\s+image: )(\S+)$/gm
const VERSION = /^ARG ISTIO_VERSION=(\S+)$/m
const DIGEST = /^sha256:[0-9a-f]{64}$/

/** Tells the digest that a registry has for an image. */
export type DigestOf = (image: string) => Promise<string>

/**
 * A text whose images are named by digest as well as by tag; those that had one get the present one.
 *
 * @throws {Error} for what is no digest
 */
export async function pinned(text: string, digestOf: DigestOf): Promise<string> {
  const istio = VERSION.exec(text)?.[1] ?? ''
  const pins = new Map<string, string>()
  for (const [, , written = ''] of text.matchAll(IMAGE)) {
    const [name = ''] = written.replace('${ISTIO_VERSION}', istio).split('@')
    const digest = (await digestOf(name)).trim()
    if (!DIGEST.test(digest)) throw new Error(`${name} has no digest: ${digest}`)
    pins.set(written, `${name}@${digest}`)
  }
  return text.replace(IMAGE, (_, before: string, written: string) => before + (pins.get(written) ?? written))
}

const askDocker: DigestOf = async (image) =>
  (await execa('docker', ['buildx', 'imagetools', 'inspect', image, '--format', '{{.Manifest.Digest}}'])).stdout

async function pin(file: string, change: (text: string) => string): Promise<void> {
  const path = join(DEPLOY, file)
  writeFileSync(path, await pinned(change(readFileSync(path, 'utf8')), askDocker))
}

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({ options: { istio: { type: 'string' }, image: { type: 'string' } } })
  const { istio, image } = values
  await pin('Dockerfile', (text) =>
    istio === undefined
      ? text
      : text
          .replace(VERSION, `ARG ISTIO_VERSION=${istio}`)
          .replace(/^(ARG ISTIOCTL_IMAGE=[^:\s]+):\S+$/m, '$1:${ISTIO_VERSION}'),
  )
  await pin('compose.yaml', (text) => text)
  if (image !== undefined) await pin('manifests/bot.yaml', (text) => text.replace(/^(\s+image: )\S+$/m, `$1${image}`))
}
